"""Incomplete responses: access log, metrics, and memory."""

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
from tests.support.process import GlimpseProcess, free_port, wait_until, wait_until_idle

USER = Member("user", "e" * 32)
SIZE = 24_000_000  # bytes: more than the kernel buffers
READERS = 64
MAX_BYTES_EACH = 400_000  # bytes of memory for one slow client
MAX_GROWTH = 8_000_000  # bytes of memory after eight downloads at once


class Downloads:
    """A process with one large image, and connections that download it."""

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
        self.image_id = self.cloud.request("user", "POST", "/image/v2/images", image).json()["id"]
        self.path = f"/image/v2/images/{self.image_id}/file"
        self.headers = {
            "X-Auth-Token": self.cloud.token("user") or "",
            "Content-Type": "application/octet-stream",
        }
        response = request(self.cloud.address, "PUT", self.path, self.headers, b"x" * SIZE)
        assert response.status == 204, str(response)

    def begin(self) -> socket.socket:
        """Start a download; return the connection after the head of the response was read."""
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

    def access_lines(self) -> list[dict[str, object]]:
        """Return the values and the message of each access log line of a download."""
        text = self.cloud.process.log.read_text()
        documents = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        found = [{**(one["args"] or {}), "message": one["message"]} for one in documents]
        return [one for one in found if one.get("operation") == "image.download_data"]

    def memory(self) -> int:
        """Return the resident bytes of the process."""
        pages = int(Path(f"/proc/{self.cloud.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def downloads(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Downloads]:
    served = Downloads(tmp_path, client_timeout=getattr(request, "param", 60.0))
    with served.cloud.process:
        served.upload()
        yield served


def _only_line(downloads: Downloads) -> dict[str, object]:
    wait_until(lambda: bool(downloads.access_lines()), "no access line")
    (line,) = downloads.access_lines()
    return line


def test_a_download_that_the_client_aborts_is_logged_as_499(downloads: Downloads) -> None:
    downloads.begin().close()
    line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (499, "client", 200)
    assert str(line["message"]).endswith(" cut: client sent: 200")
    metrics = request(("127.0.0.1", downloads.metrics_port), "GET", "/metrics").body.decode()
    assert 'requests_total{operation="image.download_data",status="499"} 1.0' in metrics
    assert 'requests_total{operation="image.download_data",status="200"}' not in metrics


@pytest.mark.parametrize("downloads", [1.0], indirect=True)
def test_a_download_that_times_out_is_logged_as_499(downloads: Downloads) -> None:
    with downloads.begin():
        line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (499, "timeout", 200)


@pytest.mark.parametrize("downloads", [1.0], indirect=True)
def test_a_slow_client_can_download_for_longer_than_the_timeout(downloads: Downloads) -> None:
    with downloads.begin() as connection:
        left = SIZE
        for _ in range(5):
            time.sleep(0.6)  # a slow client
            left -= len(connection.recv(2_000_000))
        while left > 0:
            left -= len(connection.recv(1_000_000))
    line = _only_line(downloads)
    assert line["status"] == 200, line


def test_a_download_that_the_store_cannot_complete_is_logged_as_500(downloads: Downloads) -> None:
    with downloads.begin() as connection:
        os.truncate(downloads.cloud.state_dir / "data" / downloads.image_id, 1000)
        while connection.recv(1_000_000):
            pass
    line = _only_line(downloads)
    assert (line["status"], line["cut"], line["sent_status"]) == (500, "server", 200)
    assert "Traceback" not in downloads.cloud.process.log.read_text()


def test_slow_downloads_take_little_memory(downloads: Downloads) -> None:
    with ExitStack() as stack:
        downloads.begin().close()  # modules are imported, caches are filled
        before = downloads.memory()
        for _ in range(READERS):
            stack.enter_context(downloads.begin())
        wait_until_idle(downloads.cloud.process.pid)  # the kernel's buffers are full
        slow = downloads.memory()
    assert slow - before < READERS * MAX_BYTES_EACH, f"{(slow - before) // READERS} bytes each"


def test_parallel_downloads_do_not_leave_memory_allocated(downloads: Downloads) -> None:
    downloads.begin().close()  # modules are imported, caches are filled
    before = downloads.memory()
    with ThreadPoolExecutor(8) as pool:
        for connection in [downloads.begin() for _ in range(8)]:
            pool.submit(_read_all, connection)
    wait_until(lambda: len(downloads.access_lines()) == 9, "the downloads have not ended")
    after = downloads.memory()
    assert after - before < MAX_GROWTH, f"{after - before} bytes stay"


def _read_all(connection: socket.socket) -> None:
    with connection:
        left = SIZE
        while left > 0 and (data := connection.recv(1_000_000)):
            left -= len(data)


def test_slow_uploads_take_little_memory(downloads: Downloads) -> None:
    """Each client has sent half a megabyte of ten."""
    image = b'{"name": "x", "disk_format": "raw", "container_format": "bare"}'
    before = downloads.memory()
    with ExitStack() as stack:
        for _ in range(READERS):
            created = downloads.cloud.request("user", "POST", "/image/v2/images", image).json()
            connection = socket.create_connection(downloads.cloud.address, timeout=20)
            stack.enter_context(connection)
            head = f"PUT /image/v2/images/{created['id']}/file HTTP/1.1\r\nHost: x\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in downloads.headers.items())
            connection.sendall(f"{head}Content-Length: 9999999\r\n\r\n".encode() + b"x" * 500_000)
        wait_until_idle(downloads.cloud.process.pid)  # it has read what it will
        slow = downloads.memory()
    assert slow - before < READERS * 2 * MAX_BYTES_EACH, f"{(slow - before) // READERS} bytes each"


def test_pipelined_requests_take_little_memory(downloads: Downloads) -> None:
    """Each client sends requests as fast as possible, and reads no response."""
    ahead = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50_000
    before = downloads.memory()
    with ExitStack() as stack:
        for _ in range(READERS):
            connection = stack.enter_context(downloads.begin())
            connection.setblocking(False)  # noqa: FBT003  the standard library's
            connection.send(ahead)
        wait_until_idle(downloads.cloud.process.pid)  # it has read what it will
        slow = downloads.memory()
    assert slow - before < READERS * 3 * MAX_BYTES_EACH, f"{(slow - before) // READERS} bytes each"
