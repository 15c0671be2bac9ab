"""The users of the embedded identity, and the URL of Glimpse for them."""

from glimpse.cli.errors import CommandFailed
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


def base_url(settings: Settings) -> str:
    """Return ``http://HOST:PORT``, the URL of a Glimpse with these settings on this machine.

    HOST is the loopback address if Glimpse listens on all addresses.
    """
    host = _LOOPBACK.get(settings.server.host, settings.server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
