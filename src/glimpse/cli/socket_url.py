"""socket_url: the URL at which a socket of this process is served."""

import socket


def socket_url(listener: socket.socket) -> str:
    """Return ``http://HOST:PORT`` of a socket that listens, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
