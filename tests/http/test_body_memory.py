"""The limit of request bodies in memory, and the requests that exceed it."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.http.body_memory import BodyMemory, TooManyBodies
from glimpse.telemetry.request_context import RequestContext
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until
from tests.support.resident_memory import MEGABYTE, resident_bytes

DEMO = Member("demo", "d" * 32)
MAX_SIZE = 1024 * 1024  # bytes of a JSON body of the Image API


def test_a_body_beyond_the_memory_is_refused_unless_it_is_the_only_one() -> None:
    memory, first, second = BodyMemory(100), RequestContext("req-1"), RequestContext("req-2")
    memory.reserve(first, 90)
    with pytest.raises(TooManyBodies):
        memory.reserve(second, 11)
    memory.reserve(second, 10)
    with pytest.raises(TooManyBodies):
        memory.reserve(first, 1)
    memory.release(second)
    memory.reserve(first, 500)
    memory.release(first)
    assert (memory.used, first.body_bytes) == (0, 0)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    seed_identity(tmp_path / "state", [DEMO])
    with GlimpseProcess(tmp_path / "state") as process:
        yield EmbeddedCloud(process)


def unfinished(cloud: EmbeddedCloud) -> socket.socket:
    """Return a connection on which all but the last byte of a large body was sent."""
    head = (
        f"POST /image/v2/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Auth-Token: {cloud.token('demo')}\r\nContent-Length: {MAX_SIZE}\r\n\r\n"
    )
    connection = socket.create_connection(cloud.address, timeout=20)
    connection.sendall(head.encode())
    with contextlib.suppress(OSError):  # the server responded before the end of the body
        connection.sendall(b" " * (MAX_SIZE - 1))
    return connection


def test_many_unfinished_bodies_take_bounded_memory_and_small_ones_pass(
    cloud: EmbeddedCloud,
) -> None:
    cloud.token("demo")
    before = resident_bytes(cloud.process.pid)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(unfinished(cloud)) for _ in range(150)]
        refused = _refused(connections)
        assert len(refused) > 50, "64 MB of bodies are held, not 150"
        assert all(b"503 Service Unavailable" in each for each in refused), refused[:1]
        assert all(b"retry-after: 1" in each.lower() for each in refused), refused[:1]
        grown = resident_bytes(cloud.process.pid) - before
        assert grown < 150 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB more"
        body = json.dumps({"name": "small"}).encode()
        small = cloud.request("demo", "POST", "/image/v2/images", body)
        assert small.status == 201, str(small)
        filled = cloud.request("demo", "POST", "/image/v2/images", body + b" " * 100_000)
        assert (filled.status, filled.header("Retry-After")) == (503, "1"), str(filled)
        written = cloud.request(
            "demo", "PUT", f"/v2.1/images/{small.json()['id']}/metadata", b" " * 100_000
        )
        assert (written.status, written.fault) == (503, "serviceUnavailable"), str(written)
        login = request(
            cloud.address,
            "POST",
            "/identity/v3/auth/tokens",
            {"Content-Type": "application/json"},
            b" " * 100_000,
        )
        assert (login.status, login.header("Retry-After")) == (503, "1"), str(login)

    def is_taken() -> bool:
        return (
            cloud.request("demo", "POST", "/image/v2/images", body + b" " * 100_000).status == 201
        )

    wait_until(is_taken, "the bodies of clients that are gone are still counted")


def _refused(connections: list[socket.socket]) -> list[bytes]:
    found = []
    for connection in connections:
        connection.settimeout(0.02)
        with contextlib.suppress(OSError):
            found.append(connection.recv(65536))
    return [each for each in found if each]
