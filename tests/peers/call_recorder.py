"""CallRecorder: a proxy in front of Glance that records the requests that it forwards."""

import contextlib
import socket
import threading

from tests.support.server import ThreadedServer

_MAX_READ = 65536  # bytes


class CallRecorder(ThreadedServer):
    """A proxy that forwards requests and records ``METHOD target`` of each.

    A context manager. Request bodies need a Content-Length, as Glimpse sends it.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__()
        self._target = target
        self._calls: list[str] = []

    def pop_calls(self) -> list[str]:
        """Return the requests since the last call of this method, oldest first."""
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
        """Forward a connection in both directions until either side closes it."""
        with client:
            try:
                server = socket.create_connection(self._target)
            except OSError:
                return  # Glance is down: closing the connection shows that to the client
            with server:
                responses = threading.Thread(target=_forward_responses, args=(server, client))
                responses.start()
                self._forward_requests(client, server)
                responses.join()

    def _forward_requests(self, client: socket.socket, server: socket.socket) -> None:
        """Forward and record requests until the client closes; then close the server's side."""
        left = 0  # bytes of the current body that are still to come
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
        return source.recv(_MAX_READ)
    except OSError:
        return b""


def _send(destination: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # closed: reading from it ends the connection
        destination.sendall(data)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side has closed it already
        connection.shutdown(socket.SHUT_RDWR)


def _body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
