"""A running process disconnects slow clients, and limits the size of heads and trailers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until

USER = Member("user", "e" * 32)
TIMEOUT = 1.0
DEADLINE = 20.0  # seconds; only a test that fails waits for so long
_ESTABLISHED = "01"  # the state of a connection in /proc/net/tcp
METADATA = b"POST /v2.1/images/x/metadata HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    directory = tmp_path_factory.mktemp("slow-clients")
    conf = directory / "glimpse.conf"
    conf.write_text(f"[glimpse]\nclient_timeout = {TIMEOUT}\n")
    seed_identity(directory / "state", [USER])
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)]) as process:
        yield EmbeddedCloud(process)


def connect(cloud: EmbeddedCloud) -> socket.socket:
    return socket.create_connection(cloud.address, timeout=DEADLINE)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_client_that_sends_no_request_is_disconnected(cloud: EmbeddedCloud, sent: bytes) -> None:
    with connect(cloud) as connection:
        connection.sendall(sent)
        assert connection.recv(65536) == b""


def test_a_client_that_reads_no_response_is_disconnected(cloud: EmbeddedCloud) -> None:
    """The response has 30 MB, of which the kernel buffers a few."""
    image = b'{"name": "large", "disk_format": "raw", "container_format": "bare"}'
    image_id = cloud.request("user", "POST", "/image/v2/images", image).json()["id"]
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
        wait_until(
            lambda: not is_connected(cloud, client), "the connection is still open", DEADLINE
        )


def is_connected(cloud: EmbeddedCloud, client: int) -> bool:
    """Return True if the server has an open connection to this port of a client."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        ports = tuple(int(address.partition(":")[2], 16) for address in (local, remote))
        if (*ports, state) == (cloud.address[1], client, _ESTABLISHED):
            return True
    return False


@pytest.mark.parametrize(
    "endless",
    [
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000,
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000,
        lambda: b"FOO / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000,
        lambda: METADATA + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000,
        lambda: METADATA + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"y" * 1_000_000,
    ],
    ids=["headers", "one header", "one header of an unknown method", "trailers", "one trailer"],
)
def test_an_endless_head_or_trailers_are_rejected(
    cloud: EmbeddedCloud, endless: Callable[[], bytes]
) -> None:
    with connect(cloud) as connection:
        sender = threading.Thread(target=_send_all, args=(connection, endless()))
        sender.start()
        with closing(connection):
            received = b""
            try:
                while data := connection.recv(65536):
                    received += data
            except OSError:
                pass  # the server has closed it without reading everything
        sender.join()
    assert b" 200 OK" not in received
    assert received[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 400"), received


def _send_all(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.sendall(data)
