"""The arguments that choose the settings, and the settings that they choose."""

import argparse

from glimpse.settings import Settings, load_settings
from glimpse.settings.options.process import (
    DEFAULT_PORT,
    STANDARD_IDENTITY_PORT,
    STANDARD_IMAGE_PORT,
)


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --config-file, --state-dir, --host, --port, --standard-ports, for `read_settings`."""
    add_state_arguments(parser)
    parser.add_argument(
        "--host",
        dest="glimpse.host",
        metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        dest="glimpse.port",
        type=int,
        metavar="PORT",
        help=f"port to listen on (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--standard-ports",
        action="store_true",
        help=f"give the embedded Image API port {STANDARD_IMAGE_PORT}, and the embedded Identity "
        f"API port {STANDARD_IDENTITY_PORT}; without --port, listen on {DEFAULT_PORT}",
    )


def add_state_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --config-file and --state-dir, for commands that need no address."""
    parser.add_argument(
        "--config-file",
        action="append",
        default=[],
        metavar="FILE",
        help="configuration file, such as a nova.conf; may be repeated, and a later file overrides "
        "those before it; no other file is read (default: none)",
    )
    parser.add_argument(
        "--state-dir",
        dest="glimpse.state_dir",
        metavar="DIR",
        help="where everything is kept (default: ~/.local/share/glimpse)",
    )
    parser.set_defaults(standard_ports=False)


def add_log_argument(parser: argparse.ArgumentParser) -> None:
    """Add --log-file."""
    parser.add_argument(
        "--log-file",
        dest="DEFAULT.log_file",
        metavar="FILE",
        help="file to log to, in log_dir if relative (default: standard error)",
    )


def has_address(options: argparse.Namespace) -> bool:
    """Return True if --host, --port or --standard-ports is given.

    Use this function only for commands with the arguments of `add_settings_arguments`.
    """
    given = vars(options)
    return bool(
        options.standard_ports
        or given["glimpse.host"] is not None
        or given["glimpse.port"] is not None
    )


def has_standard_ports(settings: Settings) -> bool:
    """Return True if the Image and Identity APIs have the ports that --standard-ports sets."""
    found = settings.server.image_port, settings.server.identity_port
    return found == (STANDARD_IMAGE_PORT, STANDARD_IDENTITY_PORT)


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the settings from configuration files, environment variables and arguments.

    Environment variables override files, and arguments override both. An attribute of `options`
    with a name like ``section.option`` overrides that option, unless its value is None.
    --standard-ports overrides the ports of the three APIs, but --port has precedence for Compute.
    Raises InvalidSettings if a file cannot be read, a value is not valid, or options exclude each
    other.
    """
    overrides = {name: value for name, value in vars(options).items() if "." in name}
    if options.standard_ports:
        if overrides["glimpse.port"] is None:
            overrides["glimpse.port"] = DEFAULT_PORT
        overrides["glimpse.image_port"] = STANDARD_IMAGE_PORT
        overrides["glimpse.identity_port"] = STANDARD_IDENTITY_PORT
    return load_settings(options.config_file, overrides)
