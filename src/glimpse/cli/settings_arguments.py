"""The arguments that choose the settings, which all subcommands have."""

import argparse

from glimpse.settings import Settings, load_settings


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name configuration files or override options of them.

    `read_settings` takes an argument whose `dest` is ``section.option`` for an override.
    """
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE")
    parser.add_argument(
        "--state-dir", dest="glimpse.state_dir", metavar="DIR", help="where everything is kept"
    )
    parser.add_argument(
        "--host", dest="glimpse.host", metavar="ADDRESS", help="address to listen on"
    )
    parser.add_argument(
        "--port", dest="glimpse.port", type=int, metavar="PORT", help="port to listen on"
    )


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the settings from the files that `options` names, and from environment variables.

    Variables override files, and the other arguments override both. Raises InvalidSettings.
    """
    overrides = {name: value for name, value in vars(options).items() if "." in name}
    return load_settings(options.config_file, overrides)
