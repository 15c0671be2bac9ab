"""An HTTP/1.1 client that sends targets and headers unchanged, even if they are invalid."""

import contextlib
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT = 20.0  # seconds to wait for data; a server that hangs fails the test
_BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))


@dataclass(frozen=True)
class Response:
    """A response: the status code, the headers in their order, and the whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of the first header with this name, in any case; None without one."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fault(self) -> str | None:
        """The name of the Compute fault in the body, such as ``badRequest``; None without one."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        if isinstance(document, dict) and len(document) == 1:
            name, content = next(iter(document.items()))
            if isinstance(content, dict) and "message" in content and "code" in content:
                return str(name)
        return None

    def __str__(self) -> str:
        lines = [f"HTTP {self.status}", *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join([*lines, "", self.body[:4000].decode(errors="backslashreplace")])


def request(
    address: tuple[str, int],
    method: str,
    target: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Response:
    """Send one request over a new connection; return the response with its whole body.

    `target` and the headers are sent unchanged; Host and Content-Length are added unless given.
    A server may respond without reading the whole body.
    Raises OSError if the connection fails or times out, and ValueError for an invalid response.
    """
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    head = encode_head(address, method, target, pairs, body)
    with socket.create_connection(address, timeout=TIMEOUT) as connection:
        # A server may respond and close before it has read the body: the response can be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head + (body or b""))
        return read_response(connection, method)


def encode_head(
    address: tuple[str, int],
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | None,
) -> bytes:
    """Return the request line and the headers, with ``Connection: close`` as the last one."""
    pairs = list(headers)
    given = {name.lower() for name, _ in pairs}
    if "host" not in given:
        pairs.insert(0, ("Host", f"{address[0]}:{address[1]}"))
    framed = given & {"content-length", "transfer-encoding"}
    if not framed and (body is not None or method in _BODY_METHODS):
        pairs.append(("Content-Length", str(len(body or b""))))
    pairs.append(("Connection", "close"))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def encode_response(
    status: int, body: bytes, *headers: str, content_type: str = "application/json"
) -> bytes:
    """Return the bytes of an HTTP response; `headers` are lines that are added to its own."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Type: {content_type}"]
    lines += [f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_response(connection: socket.socket, method: str) -> Response:
    """Read the response to a request with `method`; its body may be framed in any way.

    Raises ValueError if it is not HTTP/1.1 or ends early.
    """
    with connection.makefile("rb") as stream:
        status_line = stream.readline(65536)
        if not status_line.startswith(b"HTTP/1.1 "):
            raise ValueError(f"not an HTTP response: {status_line!r}")
        headers: list[tuple[str, str]] = []
        while (line := stream.readline(65536).rstrip(b"\r\n")) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        status = int(status_line.split()[1])
        fields = {name.lower(): value for name, value in headers}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in fields.get("transfer-encoding", ""):
            body = b"".join(iter(lambda: _read_chunk(stream), b""))
        elif "content-length" in fields:
            body = stream.read(int(fields["content-length"]))
        else:
            body = stream.read()
        if method != "HEAD" and len(body) < int(fields.get("content-length", 0)):
            raise ValueError(f"the response ended after {len(body)} bytes of its body")
        return Response(status, tuple(headers), body)


def _read_chunk(stream: Any) -> bytes:
    size = int(stream.readline(65536).split(b";")[0], 16)
    data: bytes = stream.read(size)
    stream.readline(65536)
    if len(data) != size:
        raise ValueError("the response ended in the middle of a chunk")
    return data
