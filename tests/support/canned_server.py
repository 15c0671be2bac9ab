"""CannedServer: an HTTP server that sends a given response."""

import socket

from tests.support.http import Response
from tests.support.server import ThreadedServer


class CannedServer(ThreadedServer):
    """A server that sends `response` on every connection and closes it. A context manager.

    `received` is the last request.
    """

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
    """Read the head of a request, and as much of the body as its Content-Length says."""
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
