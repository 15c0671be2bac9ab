"""Measuring: the CPU time that a server spends on a request, and the memory that it holds."""

import os
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self, TypeVar


class Spread(NamedTuple):
    """Microseconds of CPU a request: the median of the rounds, and the extremes."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:7.0f} ({self.low:.0f}-{self.high:.0f})"


def spread(values: list[float]) -> Spread:
    """The spread of a few rounds."""
    return Spread(statistics.median(values), min(values), max(values))


def cpu_microseconds(pid: int) -> float:
    """User and system time that a process has used, to the nanosecond: its CPU clock (clock(3))."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory of a process now, or (``VmHWM``) at most so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def keep_apart(servers: Iterable[int]) -> None:
    """Run this client on one core and the processes `servers` on another, where there are two.

    As if they were two machines. Left to the scheduler, one server shares the client's core and the
    other does not, and being woken on a core of one's own costs three times what nginx does.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1])
        for pid in servers:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores[1:2])


class Client:
    """One keep-alive connection; cheap, so that the server is what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def renew(self) -> None:
        """Connect again if the server has closed the connection, as it may while nobody asks."""
        if select.select([self._socket], [], [], 0)[0]:
            self.close()
            self._connect()

    def close(self) -> None:
        """Give the connection up."""
        self._socket.close()

    def ask(self, request: bytes) -> bytes:
        """Send one request, return the body. Raises RuntimeError for an answer that is no 200."""
        self._socket.sendall(request)
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, rest = bytes(received).partition(b"\r\n\r\n")
        headers = head.lower()
        if b"transfer-encoding: chunked" in headers:
            body = self._chunks(rest)
        else:
            body = self._rest(rest, int(headers.partition(b"content-length:")[2].split(b"\r\n")[0]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.decode()}\n{body.decode(errors='replace')}")
        return body

    def _receive(self) -> bytes:
        piece = self._socket.recv(1 << 20)
        if not piece:
            raise RuntimeError("The server closed the connection.")
        return piece

    def _rest(self, start: bytes, length: int) -> bytes:
        pieces, missing = [start], length - len(start)
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _chunks(self, start: bytes) -> bytes:
        raw = bytearray(start)
        while not raw.endswith(b"\r\n0\r\n\r\n"):
            raw += self._receive()
        body, at = [], 0
        while size := int(raw[at : (end := raw.index(b"\r\n", at))], 16):
            body.append(bytes(raw[end + 2 : end + 2 + size]))
            at = end + 4 + size
        return b"".join(body)

    def drain(self, request: bytes) -> int:
        """Send one request, read a chunked answer to its end; return how many bytes came."""
        self._socket.sendall(request)
        size, tail = 0, b""
        while not tail.endswith(b"0\r\n\r\n"):
            piece = self._receive()
            size += len(piece)
            tail = (tail + piece)[-16:]
        return size


def http_request(
    path: str,
    token: str,
    body: bytes = b"",
    verb: str = "GET",
    content_type: str = "application/json",
) -> bytes:
    """One HTTP/1.1 request."""
    head = f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1:8774\r\nX-Auth-Token: {token}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Case(NamedTuple):
    """`times` times `ask`, and the process whose CPU time it costs."""

    pid: int
    ask: Callable[[], object]
    times: int

    @classmethod
    def asking(cls, pid: int, client: Client, request: bytes, times: int) -> Self:
        """The same request again and again."""
        return cls(pid, lambda: client.ask(request), times)

    def cost(self) -> float:
        """Microseconds of CPU a request."""
        before = cpu_microseconds(self.pid)
        for _ in range(self.times):
            self.ask()
        return (cpu_microseconds(self.pid) - before) / self.times


Name = TypeVar("Name")


def measure(cases: Mapping[Name, Case], rounds: int = 9) -> dict[Name, Spread]:
    """Measure each case once a round, in turn, so that all see the same noise of the machine."""
    found: dict[Name, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            found[name].append(case.cost())
    return {name: spread(values) for name, values in found.items()}
