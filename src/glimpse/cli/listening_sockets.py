"""open_socket: opens a listening socket; socket_url: the URL of a listening socket."""

import errno
import os
import socket

from glimpse.cli.errors import CommandFailed
from glimpse.server.listening_socket import listen

_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)  # errors that another port does not have


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `host` and `port`; the caller closes it.

    Port 0 means any free port. Raises CommandFailed with the reason if the process cannot listen
    there.
    """
    try:
        return listen(host, port)
    except OSError as error:
        raise CommandFailed(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    except OverflowError as error:
        raise CommandFailed(f"cannot listen on {host}:{port}: {error}") from None


def _reason(error: OSError) -> str:
    """Return why a process cannot listen, and which option to change if the address is wrong."""
    # The text of `socket.create_server` repeats the address, so use the system's text for the
    # number. A failed look-up of a name has a negative number, for which there is no such text.
    number = error.errno or 0
    why = os.strerror(number) if number > 0 else str(error.strerror)
    why = why.partition(" (while attempting")[0]
    if number in _OF_THE_PORT:
        return why
    return f"{why}: name an address of this machine, an IPv6 address without brackets"


def socket_url(listener: socket.socket) -> str:
    """Return ``http://HOST:PORT`` of a listening socket, without a slash at its end.

    An IPv6 address is in brackets.
    """
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
