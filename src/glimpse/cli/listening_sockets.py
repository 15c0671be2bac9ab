"""open_socket: opens a listening socket; socket_url: the URL of a listening socket."""

import os
import socket

from glimpse.cli.errors import CommandFailed
from glimpse.server.listening_socket import listen


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens; the caller closes it.

    Raises CommandFailed with the reason if the process cannot listen there.
    """
    try:
        return listen(host, port)
    except OSError as error:
        # The text of `socket.create_server` repeats the address, so use the system's text for the
        # number. A failed look-up of a name has a negative number, for which there is no such text.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror
        raise CommandFailed(f"cannot listen on {host}:{port}: {why}") from None
    except OverflowError as error:
        raise CommandFailed(f"cannot listen on {host}:{port}: {error}") from None


def socket_url(listener: socket.socket) -> str:
    """Return ``http://HOST:PORT`` of a listening socket, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
