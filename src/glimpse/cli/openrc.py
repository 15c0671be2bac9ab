"""``glimpse openrc``: print shell variables for a user's clients to log in with."""

import argparse
import shlex

from glimpse.cli.client_credentials import DEFAULT_USER, NoCredentials, client_variables
from glimpse.cli.embedded_users import open_identity_file
from glimpse.cli.errors import CommandFailed
from glimpse.cli.local_url import identity_url
from glimpse.cli.running_servers import find_running_server
from glimpse.cli.settings_arguments import (
    add_settings_arguments,
    has_address,
    read_settings,
)
from glimpse.cli.standard_streams import print_output
from glimpse.identity.embedded.directory import Directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse openrc``: the settings, and USER."""
    add_settings_arguments(parser)
    parser.add_argument(
        "user",
        nargs="?",
        default=DEFAULT_USER,
        metavar="USER",
        help="who logs in (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the shell variables with which clients log in as USER, and return 0.

    The URL is that of the process that serves with the state directory. If no such process runs, or
    if the arguments name an address or a port, the URL is that of the settings. Completes the
    identity file (see `open_identity_file`).

    Raises InvalidSettings for invalid settings. Raises CommandFailed if a client cannot log in as
    USER, if the settings do not use the embedded identity, if the identity file is missing or
    invalid, if the state directory is not writable, or if the output cannot be written. Raises
    OSError if the identity file cannot be read or changed for another reason. Raises
    BrokenPipeError if the output is a pipe that nobody reads.
    """
    settings = read_settings(options)
    directory = open_identity_file(settings).current
    running = None if has_address(options) else find_running_server(settings.server.state_dir)
    try:
        text = render_openrc(
            directory, options.user, identity_url(settings, running), settings.embedded.region_name
        )
    except NoCredentials as error:
        raise CommandFailed(str(error)) from None
    print_output(text)
    return 0


def render_openrc(directory: Directory, user_name: str, identity_url: str, region: str) -> str:
    """Render a shell script that sets the variables with which clients log in as a user.

    `identity_url` is the URL of the Identity API, without a version or a slash at its end. Raises
    NoCredentials if a client cannot log in as the user.
    """
    variables = client_variables(directory, user_name, identity_url, region)
    return "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())
