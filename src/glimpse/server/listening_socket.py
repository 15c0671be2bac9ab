"""listen: makes the sockets on which the server accepts connections."""

import socket

_BACKLOG = 2048  # connections that the kernel accepts while all workers are busy


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens at `host` (an IPv4 or IPv6 address, a name) and `port`.

    A name is resolved to an IPv4 address. An IPv6 address has no brackets, and no IPv4 client can
    connect to it. Raises OSError if listening fails, because the address is in use, for example.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
