"""FuzzRequest and Response of the fuzzer, and a shell command that repeats a request."""

from dataclasses import dataclass, field
from typing import NamedTuple

_SHOWN = 1500  # bytes of a request that a report shows


@dataclass
class FuzzRequest:
    """A well-formed HTTP request.

    `api` and `template` are for reports. `user` is the user whose token it has. `pieces` are the
    sizes of the packets in which it is sent. With `hang_up`, the client closes the connection after
    that number of bytes, or after the whole request (-1).
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
        """Return the bytes of the request."""
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
    """A response that took `seconds`. With `closes`, the server closes the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float = 0.0
    closes: bool = False

    def header(self, name: str) -> str | None:
        """Return the first header with this name in lower case; None without one."""
        return next((value for key, value in self.headers if key == name), None)


def as_command(raw: bytes, port: int) -> str:
    """Return a shell command that sends the first _SHOWN bytes of `raw` again."""
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'%" else f"\\x{byte:02x}"
        for byte in raw[:_SHOWN]
    ).replace("\\x0d\\x0a", "\\r\\n")
    rest = f"  # and {len(raw) - _SHOWN} more bytes" if len(raw) > _SHOWN else ""
    return f"printf '{escaped}' | nc -q 5 127.0.0.1 {port}{rest}"
