"""A server that plays answers given to it, so that what compares answers can itself be tested."""

import socket

from tests.support.http import Response
from tests.support.server import ThreadedServer


class CannedServer(ThreadedServer):
    """Answers every connection with `answer`, and keeps what it was sent. A context manager."""

    def __init__(self) -> None:
        super().__init__()
        self.response = Response(204, (), b"")
        self.received = b""

    def serve(self) -> None:
        for connection in self.connections():
            with connection:
                self.received = _read_request(connection)
                connection.sendall(_encode(self.response))


def _read_request(connection: socket.socket) -> bytes:
    """Read a head and as much body as it announces."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    length = int(fields.get(b"content-length", b"0"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def _encode(response: Response) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} -",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + response.body
