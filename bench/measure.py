"""Measurement of the CPU time that a server needs for a request, and of its memory."""

import os
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self, TypeVar


class Spread(NamedTuple):
    """Microseconds of CPU per request: median, lowest and highest of the rounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:7.0f} ({self.low:.0f}-{self.high:.0f})"


def spread(values: list[float]) -> Spread:
    """Return the spread of the values of several rounds."""
    return Spread(statistics.median(values), min(values), max(values))


def cpu_microseconds(pid: int) -> float:
    """Return the user and system time of a process in microseconds, by its CPU clock."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Return the resident memory of a process in MB: now, or with ``VmHWM`` its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def separate_cores(servers: Iterable[int]) -> None:
    """Run this process on one core and the processes `servers` on another, if there are two.

    Otherwise the scheduler may run one server on the client's core and the other on another one.
    Waking a process on another core takes three times the CPU that nginx needs for a request.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1])
        for pid in servers:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores[1:2])


class Client:
    """One keep-alive connection; simple, so that it takes little CPU from the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def renew(self) -> None:
        """Connect again if the server has closed the idle connection."""
        if select.select([self._socket], [], [], 0)[0]:
            self.close()
            self._connect()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def fetch(self, request: bytes) -> bytes:
        """Send a request, return the body. Raises RuntimeError if the status is not 200."""
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
        """Send a request, read the chunked response; return how many bytes were received."""
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
    method: str = "GET",
    content_type: str = "application/json",
) -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:8774\r\nX-Auth-Token: {token}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Case(NamedTuple):
    """An action that is repeated `times` times, and the process whose CPU time is measured."""

    pid: int
    action: Callable[[], object]
    times: int

    @classmethod
    def repeating(cls, pid: int, client: Client, request: bytes, times: int) -> Self:
        """Return a case that sends the same request each time."""
        return cls(pid, lambda: client.fetch(request), times)

    def cost(self) -> float:
        """Run the case; return the microseconds of CPU per repetition."""
        before = cpu_microseconds(self.pid)
        for _ in range(self.times):
            self.action()
        return (cpu_microseconds(self.pid) - before) / self.times


Name = TypeVar("Name")


def measure(cases: Mapping[Name, Case], rounds: int = 9) -> dict[Name, Spread]:
    """Measure all cases in each round, so that other load on the machine affects all of them."""
    found: dict[Name, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            found[name].append(case.cost())
    return {name: spread(values) for name, values in found.items()}
