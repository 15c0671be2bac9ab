"""A request of the fuzzer, as bytes, as a dropped-in command, and what came of it."""

from dataclasses import dataclass, field
from typing import NamedTuple

_SHOWN = 1500  # bytes of a request that a report shows


@dataclass
class FuzzRequest:
    """One well-formed HTTP request: what it is for, what it is, and how it is sent.

    `user` names whose token it has. `pieces` are sizes of the packets that it is sent in.
    `hang_up` closes the connection after that many bytes, or when all is sent (-1).
    """

    api: str
    method: str
    template: str
    target: str
    user: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    chunks: list[int] | None = None
    pieces: tuple[int, ...] = ()
    hang_up: int | None = None

    def encode(self, host: str) -> bytes:
        """The bytes that go over the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        if not any(name.lower() == "host" for name, _ in self.headers):
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunks is not None:
            lines.append("Transfer-Encoding: chunked")
        elif self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        return head + (self._chunked() if self.chunks is not None else self.body or b"")

    def _chunked(self) -> bytes:
        body, at, parts = self.body or b"", 0, bytearray()
        for size in [*(self.chunks or ()), len(body)]:
            piece = body[at : at + size]
            if piece:
                parts += b"%x\r\n%b\r\n" % (len(piece), piece)
            at += size
        return bytes(parts) + b"0\r\n\r\n"


class Response(NamedTuple):
    """What came back, and after how many seconds; `closes`: the server ends the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float = 0.0
    closes: bool = False

    def header(self, name: str) -> str | None:
        """The first header of that name in lower case."""
        return next((value for key, value in self.headers if key == name), None)


def as_command(raw: bytes, port: int) -> str:
    """A shell command that sends `raw` again, as far as a report has room for it."""
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'%" else f"\\x{byte:02x}"
        for byte in raw[:_SHOWN]
    ).replace("\\x0d\\x0a", "\\r\\n")
    rest = f"  # and {len(raw) - _SHOWN} more bytes" if len(raw) > _SHOWN else ""
    return f"printf '{escaped}' | nc -q 5 127.0.0.1 {port}{rest}"
