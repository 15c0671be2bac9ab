"""Clients that send or take too little for too long, or too much of what is no body."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from glimpse.server.client_timeouts import KEEP_ALIVE
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until

USER = Member("user", "e" * 32)
PATIENCE = 1.0
LONG = 20.0  # seconds: more than any bounded wait takes here
_ESTABLISHED = "01"  # in /proc/net/tcp
METADATA = b"POST /v2.1/images/x/metadata HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    directory = tmp_path_factory.mktemp("patience")
    conf = directory / "glimpse.conf"
    conf.write_text(f"[glimpse]\nclient_timeout = {PATIENCE}\n")
    seed_identity(directory / "state", [USER])
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)]) as process:
        yield EmbeddedCloud(process)


def connect(cloud: EmbeddedCloud) -> socket.socket:
    return socket.create_connection(cloud.address, timeout=LONG)


def seconds_until_closed(
    cloud: EmbeddedCloud, first: bytes, then: bytes = b"", pause: float = 0.1
) -> float:
    """How long the connection lasts for who sends `first`, and `then` again and again."""
    began = time.monotonic()
    with connect(cloud) as connection:
        connection.sendall(first)
        while time.monotonic() - began < LONG:
            try:
                if then:
                    connection.sendall(then)
                if select.select([connection], [], [], pause)[0] and not connection.recv(65536):
                    break
            except OSError:
                break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (b"FOO / HTTP/1.1\r\n", b"X: y\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n", b"X: y\r\n"),
        (METADATA + b"Content-Length: 99\r\n\r\n", b""),
        (METADATA + b"Content-Length: 99999\r\n\r\n", b"x"),
        (METADATA + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (METADATA + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
        (METADATA + b"Content-Length: 999999\r\n\r\n", b"x"),
        (METADATA.replace(b"POST", b"FOO") + b"Content-Length: 9999\r\n\r\n", b"x"),
    ],
    ids=[
        *("nothing", "half a head", "a slow head", "a slow head of an odd verb"),
        *("a slow second head", "no body", "a slow body", "slow chunks", "slow trailers"),
        *("a slow body that is refused", "a slow body of an odd verb"),
    ],
)
def test_who_is_too_slow_is_not_waited_for(cloud: EmbeddedCloud, first: bytes, then: bytes) -> None:
    assert seconds_until_closed(cloud, first, then) < LONG / 2


def test_who_takes_nothing_of_an_answer_is_not_waited_for(cloud: EmbeddedCloud) -> None:
    """An answer of many megabytes, of which the kernels on the way take a few."""
    image = b'{"name": "large", "disk_format": "raw", "container_format": "bare"}'
    image_id = cloud.ask("user", "POST", "/image/v2/images", image).json()["id"]
    path = f"/image/v2/images/{image_id}/file"
    headers = {
        "X-Auth-Token": cloud.token("user") or "",
        "Content-Type": "application/octet-stream",
    }
    stored = request(cloud.address, "PUT", path, headers, b"x" * 30_000_000)
    assert stored.status == 204, str(stored)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {cloud.token('user')}\r\n\r\n"
    with connect(cloud) as connection:
        connection.sendall(head.encode())
        client = connection.getsockname()[1]
        assert is_connected(cloud, client)
        wait_until(lambda: not is_connected(cloud, client), "its connection stays", LONG)


def is_connected(cloud: EmbeddedCloud, client: int) -> bool:
    """Whether the server has a connection, not closed yet, to that port."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        ports = tuple(int(address.partition(":")[2], 16) for address in (local, remote))
        if (*ports, state) == (cloud.address[1], client, _ESTABLISHED):
            return True
    return False


def test_who_goes_on_is_waited_for(cloud: EmbeddedCloud) -> None:
    """Longer than the silence that ends a connection."""
    body = b'{"metadata": {"a": "' + b"b" * 2000 + b'"}}'
    head = METADATA + b"X-Auth-Token: wrong\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connect(cloud) as connection:
        connection.sendall(head)
        pieces = 20
        size = len(body) // pieces + 1
        for start in range(0, len(body), size):
            time.sleep(2 * PATIENCE / pieces)
            connection.sendall(body[start : start + size])
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_a_slow_answer_is_no_fault_of_the_client(cloud: EmbeddedCloud) -> None:
    """What is kept open between requests is closed after five seconds, not one."""
    with connect(cloud) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(2.5 * PATIENCE)


@pytest.mark.parametrize("requests", [1, 2])
def test_a_connection_without_requests_is_not_kept(cloud: EmbeddedCloud, requests: int) -> None:
    """The second comes before the first is answered."""
    asked = requests * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert KEEP_ALIVE - 1 < seconds_until_closed(cloud, asked) < LONG / 2


@pytest.mark.parametrize(
    "endless",
    [
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000,
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000,
        lambda: b"FOO / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000,
        lambda: METADATA + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000,
        lambda: METADATA + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"y" * 1_000_000,
    ],
    ids=["headers", "one header", "one header of an odd verb", "trailers", "one trailer"],
)
def test_endless_heads_are_refused(cloud: EmbeddedCloud, endless: Callable[[], bytes]) -> None:
    with connect(cloud) as connection:
        sender = threading.Thread(target=_send_all, args=(connection, endless()))
        sender.start()
        with closing(connection):
            said = b""
            try:
                while data := connection.recv(65536):
                    said += data
            except OSError:
                pass  # it was reset, since not all was read
        sender.join()
    assert b" 200 OK" not in said
    assert said[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 400"), said


def _send_all(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.sendall(data)
