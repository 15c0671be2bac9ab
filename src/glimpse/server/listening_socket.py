"""Listening: the socket at an address of the configuration."""

import socket

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; `host` may be an IPv6 address. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
