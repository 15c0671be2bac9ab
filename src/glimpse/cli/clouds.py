"""``glimpse clouds``: print a clouds.yaml for all users whose password can be read."""

import argparse

from glimpse.cli import client_credentials
from glimpse.cli.embedded_users import open_identity_file
from glimpse.cli.local_url import identity_url
from glimpse.cli.running_servers import find_running_server
from glimpse.cli.settings_arguments import (
    add_settings_arguments,
    has_address,
    read_settings,
)
from glimpse.cli.standard_streams import print_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse clouds``: the settings."""
    add_settings_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print a clouds.yaml for the users of the domain Default, and return 0.

    A user is left out if the user is disabled, has no readable password, or has a role in no
    enabled project. The URLs are those of the process that serves with the state directory. If no
    such process runs, or if the arguments name an address or a port, the URLs are those of the
    settings. Completes the identity file (see `open_identity_file`).

    Raises InvalidSettings for invalid settings. Raises CommandFailed if the settings do not use the
    embedded identity, if the identity file is missing or invalid, if the state directory is not
    writable, or if the output cannot be written. Raises OSError if the state directory is writable,
    but the identity file cannot be read or changed. Raises BrokenPipeError if the output is a pipe
    that nobody reads.
    """
    settings = read_settings(options)
    directory = open_identity_file(settings).current
    running = None if has_address(options) else find_running_server(settings.server.state_dir)
    text = client_credentials.render_clouds(
        directory, identity_url(settings, running), settings.embedded.region_name
    )
    print_output(text)
    return 0
