"""A server that plays answers given to it, so that what compares answers can itself be tested."""

import socket
import threading

from tests.support.http import Answer
from tests.support.server import Server


class Player(Server):
    """Answers every connection with `answer`, and keeps what it was sent. A context manager."""

    def __init__(self) -> None:
        self.answer = Answer(204, (), b"")
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the listener was shut down
            with connection:
                self.received = _read_request(connection)
                connection.sendall(_encode(self.answer))


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


def _encode(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} -", *(f"{name}: {value}" for name, value in answer.headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + answer.body
