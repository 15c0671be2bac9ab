"""The listening socket of the server."""

import socket

_BACKLOG = 2048  # connections that the kernel accepts while all workers are busy


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; `host` may be IPv6. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
