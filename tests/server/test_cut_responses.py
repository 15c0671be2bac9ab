"""Responses that clients do not take to their end: the access log, metrics, and memory."""

import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port, wait_until

USER = Member("user", "e" * 32)
SIZE = 24_000_000  # bytes: more than the kernels on the way hold
READERS = 64
EACH = 400_000  # bytes of a slow reader in the process
AFTERWARDS = 8_000_000  # bytes of memory that may stay after eight downloads at once


class Downloads:
    """A process with one large image, and connections on which it was asked for."""

    def __init__(self, directory: Path, *, client_timeout: float) -> None:
        self.metrics_port = free_port()
        conf = directory / "glimpse.conf"
        conf.write_text(
            f"[DEFAULT]\nuse_json = true\n[glimpse]\nclient_timeout = {client_timeout}\n"
            f"[metrics]\nport = {self.metrics_port}\n"
        )
        seed_identity(directory / "state", [USER])
        arguments = ["--config-file", str(conf)]
        self.cloud = EmbeddedCloud(GlimpseProcess(directory / "state", arguments=arguments))

    def upload(self) -> None:
        image = b'{"name": "x", "disk_format": "raw", "container_format": "bare"}'
        self.image_id = self.cloud.ask("user", "POST", "/image/v2/images", image).json()["id"]
        self.path = f"/image/v2/images/{self.image_id}/file"
        self.headers = {
            "X-Auth-Token": self.cloud.token("user") or "",
            "Content-Type": "application/octet-stream",
        }
        answer = request(self.cloud.address, "PUT", self.path, self.headers, b"x" * SIZE)
        assert answer.status == 204, str(answer)

    def begin(self) -> socket.socket:
        """A connection on which a download has begun."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(20)
        connection.connect(self.cloud.address)
        head = (
            f"GET {self.path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {self.headers['X-Auth-Token']}"
        )
        connection.sendall(f"{head}\r\n\r\n".encode())
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += connection.recv(1)
        return connection

    def lines(self) -> list[dict[str, object]]:
        """The access lines of downloads."""
        text = self.cloud.process.log.read_text()
        documents = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [one for one in documents if one.get("operation") == "image.download_data"]

    def memory(self) -> int:
        """Resident bytes of the process."""
        pages = int(Path(f"/proc/{self.cloud.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def downloads(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Downloads]:
    served = Downloads(tmp_path, client_timeout=getattr(request, "param", 60.0))
    with served.cloud.process:
        served.upload()
        yield served


def _only_line(downloads: Downloads) -> dict[str, object]:
    wait_until(lambda: bool(downloads.lines()), "no access line")
    (line,) = downloads.lines()
    return line


def test_a_download_that_the_client_leaves_is_no_success(downloads: Downloads) -> None:
    downloads.begin().close()
    line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (499, "client", 200)
    assert str(line["message"]).endswith(" cut: client sent: 200")
    metrics = request(("127.0.0.1", downloads.metrics_port), "GET", "/metrics").body.decode()
    assert 'requests_total{operation="image.download_data",status="499"} 1.0' in metrics
    assert 'requests_total{operation="image.download_data",status="200"}' not in metrics


@pytest.mark.parametrize("downloads", [1.0], indirect=True)
def test_a_download_that_the_client_takes_nothing_of_is_no_success(downloads: Downloads) -> None:
    with downloads.begin():
        line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (499, "timeout", 200)


@pytest.mark.parametrize("downloads", [1.0], indirect=True)
def test_a_client_that_takes_little_now_and_then_gets_all(downloads: Downloads) -> None:
    """For longer than the timeout."""
    with downloads.begin() as connection:
        left = SIZE
        for _ in range(5):
            time.sleep(0.6)
            left -= len(connection.recv(2_000_000))
        while left > 0:
            left -= len(connection.recv(1_000_000))
    line = _only_line(downloads)
    assert line["status"] == 200, line


def test_a_download_that_the_store_cannot_complete_is_no_success(downloads: Downloads) -> None:
    with downloads.begin() as connection:
        os.truncate(downloads.cloud.state_dir / "data" / downloads.image_id, 1000)
        while connection.recv(1_000_000):
            pass
    line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (500, "server", 200)
    assert "Traceback" not in downloads.cloud.process.log.read_text()


def test_slow_readers_cost_little_memory(downloads: Downloads) -> None:
    with ExitStack() as stack:
        downloads.begin().close()  # all is loaded
        before = downloads.memory()
        for _ in range(READERS):
            stack.enter_context(downloads.begin())
        time.sleep(0.5)  # each has been sent all that the kernels hold
        slow = downloads.memory()
    assert slow - before < READERS * EACH, f"{(slow - before) // READERS} bytes each"


def test_downloads_at_once_leave_no_memory_behind(downloads: Downloads) -> None:
    downloads.begin().close()  # all is loaded
    before = downloads.memory()
    with ThreadPoolExecutor(8) as pool:
        for connection in [downloads.begin() for _ in range(8)]:
            pool.submit(_read_all, connection)
    wait_until(lambda: len(downloads.lines()) == 9, "the clients are still served")
    after = downloads.memory()
    assert after - before < AFTERWARDS, f"{after - before} bytes stay"


def _read_all(connection: socket.socket) -> None:
    with connection:
        left = SIZE
        while left > 0 and (data := connection.recv(1_000_000)):
            left -= len(data)


def test_slow_uploads_cost_little_memory(downloads: Downloads) -> None:
    """Each has sent half a megabyte, which is not the end."""
    image = b'{"name": "x", "disk_format": "raw", "container_format": "bare"}'
    before = downloads.memory()
    with ExitStack() as stack:
        for _ in range(READERS):
            created = downloads.cloud.ask("user", "POST", "/image/v2/images", image).json()
            connection = socket.create_connection(downloads.cloud.address, timeout=20)
            stack.enter_context(connection)
            head = f"PUT /image/v2/images/{created['id']}/file HTTP/1.1\r\nHost: x\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in downloads.headers.items())
            connection.sendall(f"{head}Content-Length: 9999999\r\n\r\n".encode() + b"x" * 500_000)
        time.sleep(0.5)  # all is where it goes
        slow = downloads.memory()
    assert slow - before < READERS * 2 * EACH, f"{(slow - before) // READERS} bytes each"


def test_requests_sent_ahead_cost_little_memory(downloads: Downloads) -> None:
    """Each client sends requests as fast as it can, and reads nothing."""
    ahead = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50_000
    before = downloads.memory()
    with ExitStack() as stack:
        for _ in range(READERS):
            connection = stack.enter_context(downloads.begin())
            connection.setblocking(False)  # noqa: FBT003  the standard library's
            connection.send(ahead)
        time.sleep(0.5)  # all is where it goes
        slow = downloads.memory()
    assert slow - before < READERS * 3 * EACH, f"{(slow - before) // READERS} bytes each"
