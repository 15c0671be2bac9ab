"""listen: makes the sockets on which the server accepts connections."""

import socket

_BACKLOG = 2048  # connections that the kernel accepts while all workers are busy


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens at `host` and `port`; the caller closes the socket.

    `host` is an IPv4 address, an IPv6 address without brackets, or a name, which is resolved to an
    IPv4 address. IPv4 clients cannot connect to an IPv6 address. Raises OSError if listening fails,
    for example because the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
