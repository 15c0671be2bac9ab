"""The users of the embedded identity, and the URL at which they log in."""

from glimpse.cli.errors import CommandFailed
from glimpse.http.service_urls import IDENTITY_PATH
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.settings import Settings

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not listened on


def read_directory(settings: Settings) -> Directory:
    """Return the users in the state directory. This creates or completes the identity file.

    A missing file is created with the standard users. Missing ids and passwords are added to an
    existing one. Invalid entries are logged and left out. Raises CommandFailed for a file with
    invalid content, OSError for one that cannot be used.
    """
    try:
        return IdentityFile(settings.server.state_dir).current
    except InvalidStateFile as error:
        raise CommandFailed(str(error)) from None


def identity_url(settings: Settings) -> str:
    """Return the URL of the Identity API of a Glimpse with these settings on this machine.

    It is ``http://HOST:PORT/identity``, or ``http://HOST:IDENTITY_PORT`` if the API has a port of
    its own. HOST is the loopback address if Glimpse listens on all addresses.
    """
    server = settings.server
    host = _LOOPBACK.get(server.host, server.host)
    host_url = f"http://{f'[{host}]' if ':' in host else host}"
    if server.identity_port is not None:
        return f"{host_url}:{server.identity_port}"
    return f"{host_url}:{server.port}{IDENTITY_PATH}"
