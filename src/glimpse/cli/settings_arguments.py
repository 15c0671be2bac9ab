"""The arguments that choose the settings, which all subcommands have."""

import argparse

from glimpse.settings import Settings, load_settings

_OVERRIDES = ("host", "port", "workers", "state_dir")


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name configuration files or override options of them."""
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE")
    parser.add_argument("--state-dir", metavar="DIR", help="where everything is kept")
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on")
    parser.add_argument("--port", type=int, metavar="PORT", help="port to listen on")


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the configuration files; arguments override them. Raises InvalidSettings."""
    overrides = {
        f"glimpse.{name}": getattr(options, name)
        for name in _OVERRIDES
        if getattr(options, name, None) is not None
    }
    return load_settings(options.config_file, overrides)
