"""The URLs of a server, and of its Identity API, for clients on the same machine."""

from glimpse.cli.running_servers import RunningServer
from glimpse.http.service_urls import IDENTITY_PATH
from glimpse.settings import Settings

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not listened on


def local_url(host: str, port: int) -> str:
    """Return ``http://HOST:PORT`` for a server that listens at `host` and `port`.

    HOST is the loopback address if `host` is ``0.0.0.0`` or ``::``, otherwise `host`. An IPv6
    address is in brackets.
    """
    host = _LOOPBACK.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def identity_url(settings: Settings, server: RunningServer | None = None) -> str:
    """Return the URL of the Identity API for clients on this machine.

    The address and ports are those of the process `server`, or of `settings` if `server` is None.
    The URL is ``http://HOST:PORT/identity``, or ``http://HOST:IDENTITY_PORT`` if the API has its
    own port. `local_url` says what HOST is.
    """
    address = server or settings.server
    if address.identity_port is not None:
        return local_url(address.host, address.identity_port)
    return local_url(address.host, address.port) + IDENTITY_PATH
