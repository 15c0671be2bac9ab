"""print_startup_message: prints the URLs of ``glimpse serve``, and what to do next."""

import shlex
import shutil
import socket
import sys
from collections.abc import Sequence

from glimpse.cli.api_listeners import api_listeners
from glimpse.cli.client_credentials import DEFAULT_USER, default_user
from glimpse.cli.embedded_users import open_identity_file
from glimpse.cli.listening_sockets import socket_url
from glimpse.cli.settings_arguments import has_standard_ports
from glimpse.settings import Settings
from glimpse.settings.options.process import DEFAULT_PORT

_CLIENT = "openstack"  # the command
_CLIENT_PACKAGE = "python-openstackclient"


def print_startup_message(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Print the URLs, and with the embedded identity the commands with which a client logs in.

    If no user has a readable password, prints no commands. If the client ``openstack`` is not
    installed, also prints how to install it. `sockets` are the sockets of the APIs, in the order of
    `api_listeners`. Raises CommandFailed or OSError if the identity file cannot be used.
    """
    urls = [socket_url(each) for each in sockets]
    print(f"Glimpse listens on {urls[0]}, state in {settings.server.state_dir}")
    for listener, url in zip(api_listeners(settings)[1:], urls[1:], strict=True):
        print(f"The {listener.api} is at {url}")
    user = None
    if settings.api.auth_strategy == "embedded":
        user = default_user(open_identity_file(settings).current)
    if user is not None:
        login = _login(settings, sockets[0].getsockname()[1], user)
        if shutil.which(_CLIENT):
            print(f"Next, in another shell:  {login} && {_CLIENT} image list")
        else:
            print(f"Next, in another shell:  {login}")
            print(
                f"Then run any client. The command {_CLIENT} is not installed; to install it:  "
                f"pip install {_CLIENT_PACKAGE}"
            )
    sys.stdout.flush()


def _login(settings: Settings, port: int, user: str) -> str:
    """Return a shell command that sets the variables with which the user's clients log in."""
    where = "" if user == DEFAULT_USER else f" {shlex.quote(user)}"
    where += "" if port == DEFAULT_PORT else f" --port {port}"
    where += " --standard-ports" if has_standard_ports(settings) else ""
    where += f" --state-dir {settings.server.state_dir}"
    return f'eval "$({_command()} openrc{where})"'


def _command() -> str:
    """Return the command that runs Glimpse in a shell of the same user."""
    return "glimpse" if shutil.which("glimpse") else f"{sys.executable} -m glimpse"
