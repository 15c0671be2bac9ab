"""print_startup_message: prints the URLs of ``glimpse serve``, and what to do next."""

import shutil
import socket
import sys
from collections.abc import Iterator, Sequence

from glimpse.cli.api_listeners import api_listeners
from glimpse.cli.client_credentials import DEFAULT_USER, default_user
from glimpse.cli.command_quoting import quote_word
from glimpse.cli.embedded_users import open_identity_file
from glimpse.cli.listening_sockets import socket_url
from glimpse.cli.settings_arguments import has_standard_ports
from glimpse.cli.standard_streams import discard_output, print_to_stderr
from glimpse.settings import Settings
from glimpse.settings.options.process import DEFAULT_PORT
from glimpse.telemetry.redaction import escape

_CLIENT = "openstack"  # the command
_CLIENT_PACKAGE = "python-openstackclient"


def print_startup_message(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Print the URLs, and with the embedded identity the commands with which a client logs in.

    `sockets` are the sockets of the APIs, in the order of `api_listeners`. The commands are those
    of the user that `default_user` returns; without such a user, prints no commands. If the client
    ``openstack`` is not installed, the message says how to install it. If standard output cannot be
    written, discards the message and all later output. If standard output has an encoding that
    lacks a character, prints the message on standard error. Raises CommandFailed or OSError if the
    identity file cannot be used.
    """
    text = "".join(f"{escape(line)}\n" for line in _lines(settings, sockets))
    try:
        print(text, end="", flush=True)
    except OSError:  # a full disk or a closed pipe: clients can be served all the same
        discard_output()
    except UnicodeEncodeError:  # standard error escapes what its encoding lacks
        print_to_stderr(text.rstrip())


def _lines(settings: Settings, sockets: Sequence[socket.socket]) -> Iterator[str]:
    urls = [socket_url(each) for each in sockets]
    yield f"Glimpse listens on {urls[0]}, state in {settings.server.state_dir}"
    for listener, url in zip(api_listeners(settings)[1:], urls[1:], strict=True):
        yield f"The {listener.api} is at {url}"
    user = None
    if settings.api.auth_strategy == "embedded":
        user = default_user(open_identity_file(settings).current)
    if user is not None:
        login = _login(settings, sockets[0].getsockname()[1], user)
        if shutil.which(_CLIENT):
            yield f"Next, in another shell:  {login} && {_CLIENT} image list"
        else:
            yield f"Next, in another shell:  {login}"
            yield (
                f"Then run any client. The command {_CLIENT} is not installed; to install it:  "
                f"pip install {_CLIENT_PACKAGE}"
            )


def _login(settings: Settings, port: int, user: str) -> str:
    """Return a shell command that sets the variables with which the user's clients log in.

    An example is ``eval "$(glimpse openrc ann --state-dir /srv/glimpse)"``. `port` is the port of
    the Compute API. `port` and `user` are left out of the command if they are the defaults.
    """
    name = "" if user == DEFAULT_USER else f" {quote_word(user)}"
    where = "" if port == DEFAULT_PORT else f" --port {port}"
    where += " --standard-ports" if has_standard_ports(settings) else ""
    where += f" --state-dir {quote_word(str(settings.server.state_dir.absolute()))}"
    arguments = f"{where} --{name}" if user.startswith("-") else name + where
    return f'eval "$({_command()} openrc{arguments})"'


def _command() -> str:
    """Return the command that runs Glimpse in a shell of the same user.

    Returns ``glimpse`` if the shell finds that command. Otherwise returns ``PYTHON -m glimpse``, in
    which PYTHON is the path of this interpreter, quoted for the shell.
    """
    return "glimpse" if shutil.which("glimpse") else f"{quote_word(sys.executable)} -m glimpse"
