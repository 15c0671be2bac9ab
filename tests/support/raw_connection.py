"""RawConnection: a client's TCP connection on which tests send bytes and read responses."""

import contextlib
import socket
from typing import Self

from tests.support.http import TIMEOUT, Response


class RawConnection:
    """A TCP connection. `slowly` sends one byte at a time. A context manager."""

    def __init__(self, address: tuple[str, int], *, slowly: bool = False) -> None:
        self._socket = socket.create_connection(address, timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._slowly = slowly
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send `data`; stop without an error if the server has closed the connection."""
        pieces = [data[i : i + 1] for i in range(len(data))] if self._slowly else [data]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                self._socket.sendall(piece)

    def response(self, method: str = "GET") -> Response:
        """Read and return the next response: chunked, with a Content-Length, or without a body."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        assert status_line.startswith("HTTP/1.1 "), status_line
        fields_of_lines = (line.partition(": ") for line in lines)
        headers = tuple((name, value) for name, _, value in fields_of_lines)
        status = int(status_line.split(" ")[1])
        fields = {name.lower(): value for name, value in headers}
        if method == "HEAD" or status in (100, 204, 304):
            return Response(status, headers, b"")
        if fields.get("transfer-encoding") == "chunked":
            return Response(status, headers, self._chunks())
        return Response(status, headers, self._exactly(int(fields["content-length"])))

    def is_closed(self) -> bool:
        """Wait for the server; return True if it closes the connection and False if it sends."""
        try:
            return not (self._received or self._socket.recv(1))
        except ConnectionResetError:
            return True

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the server closed the connection after {self._received!r}"
        self._received += data

    def _exactly(self, length: int) -> bytes:
        while len(self._received) < length:
            self._receive()
        data, self._received = self._received[:length], self._received[length:]
        return data

    def _chunks(self) -> bytes:
        data = b""
        while True:
            while b"\r\n" not in self._received:
                self._receive()
            line, _, self._received = self._received.partition(b"\r\n")
            chunk = self._exactly(int(line, 16))
            assert self._exactly(2) == b"\r\n"
            if not chunk:
                return data
            data += chunk
