"""open_socket: opens a socket that listens; socket_url: the URL at which one listens."""

import os
import socket

from glimpse.cli.errors import CommandFailed
from glimpse.server.listening_socket import listen


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises CommandFailed, with the reason, if it cannot."""
    try:
        return listen(host, port)
    except OSError as error:
        # The text of the operating system's errors repeats the address; the number of a failed
        # look-up of a name is negative, and none of the operating system's.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror
        raise CommandFailed(f"cannot listen on {host}:{port}: {why}") from None
    except OverflowError as error:
        raise CommandFailed(f"cannot listen on {host}:{port}: {error}") from None


def socket_url(listener: socket.socket) -> str:
    """Return ``http://HOST:PORT`` of a socket that listens, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
