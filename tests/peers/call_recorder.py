"""CallCounter: a proxy in front of Glance that passes everything on and notes what was asked."""

import contextlib
import socket
import threading

from tests.support.server import ThreadedServer

_PIECE = 65536


class CallRecorder(ThreadedServer):
    """Notes ``METHOD target`` of each request before it is passed on to `target`.

    A context manager. Understands bodies with a Content-Length, which is what Glimpse sends.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__()
        self._target = target
        self._calls: list[str] = []

    def pop_calls(self) -> list[str]:
        """The calls since this was last asked."""
        calls, self._calls = self._calls, []
        return calls

    def serve(self) -> None:
        threads = []
        for client in self.connections():
            threads.append(threading.Thread(target=self._connect, args=(client,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _connect(self, client: socket.socket) -> None:
        """Serve one connection until either side ends it."""
        with client:
            try:
                server = socket.create_connection(self._target)
            except OSError:
                return  # nobody is there: the client sees it, too
            with server:
                responses = threading.Thread(target=_forward_responses, args=(server, client))
                responses.start()
                self._forward_requests(client, server)
                responses.join()

    def _forward_requests(self, client: socket.socket, server: socket.socket) -> None:
        """Pass requests on, noting each; ends the server's side at the end of the client's."""
        left = 0  # bytes of the body that is being passed on
        head = b""
        while data := _receive(client):
            while data:
                if left:
                    body, data = data[:left], data[left:]
                    left -= len(body)
                    _send(server, body)
                    continue
                head, end, data = (head + data).partition(b"\r\n\r\n")
                if end:
                    self._calls.append(b" ".join(head.split(b" ", 2)[:2]).decode())
                    left = _body_length(head)
                    _send(server, head + end)
                    head = b""
        _end(server)


def _forward_responses(server: socket.socket, client: socket.socket) -> None:
    while data := _receive(server):
        _send(client, data)
    _end(client)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(_PIECE)
    except OSError:
        return b""


def _send(destination: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # it has gone; reading from it will say so, too
        destination.sendall(data)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        connection.shutdown(socket.SHUT_RDWR)


def _body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
