"""Shutdown: requests in progress complete, and the command exits with status 0."""

import contextlib
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.acceptance.uploads import HALF, create_image, half_upload, image_status, stored_files
from tests.support.cloud import EmbeddedCloud
from tests.support.http import read_response
from tests.support.process import GlimpseProcess


@pytest.fixture
def process(state_dir: Path, tmp_path: Path) -> GlimpseProcess:
    """A process, not started, in which requests may go on for a second after SIGTERM."""
    file = tmp_path / "glimpse.conf"
    file.write_text("[glimpse]\ngraceful_shutdown_timeout = 1\n")
    return GlimpseProcess(state_dir, arguments=["--config-file", str(file)])


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_upload_in_progress_completes_while_draining(
    state_dir: Path, number: signal.Signals, workers: str
) -> None:
    process = GlimpseProcess(state_dir, arguments=["--workers", workers])
    cloud = EmbeddedCloud(process)
    with process:
        image = create_image(cloud)
        with half_upload(cloud, image) as upload:
            os.kill(process.pid, number)
            upload.settimeout(0.5)
            with pytest.raises(TimeoutError):
                upload.recv(1)  # the process waits for the upload
            upload.settimeout(20)
            upload.sendall(HALF)
            response = read_response(upload, "PUT")
        assert response.status == 204, str(response)
        assert process.stop() == 0, process.log.read_text()
    with process:
        assert image_status(cloud, image) == "active"
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body == 2 * HALF


def test_an_upload_that_exceeds_the_shutdown_timeout_is_undone(
    process: GlimpseProcess, state_dir: Path
) -> None:
    cloud = EmbeddedCloud(process)
    with process:
        image = create_image(cloud)
        with half_upload(cloud, image):
            assert process.stop() == 0, process.log.read_text()
        assert "Traceback" not in process.log.read_text(), process.log.read_text()
    with process:
        assert image_status(cloud, image) == "queued"
        assert stored_files(state_dir) == []


def test_a_request_that_exceeds_the_shutdown_timeout_is_503_with_retry_after(
    process: GlimpseProcess,
) -> None:
    cloud = EmbeddedCloud(process)
    with process:
        target = f"/v2.1/images/{create_image(cloud)}/metadata"
        head = (
            f"POST {target} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {cloud.token('owner')}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        with socket.create_connection(cloud.address, timeout=20) as connection:
            connection.sendall(head.encode() + b'{"metadata":')
            assert cloud.request("owner", "GET", "/v2.1/images").status == 200  # it has arrived
            assert process.stop() == 0, process.log.read_text()
            response = read_response(connection, "POST")
    assert (response.status, response.header("Retry-After")) == (503, "1"), str(response)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_further_signals_while_the_process_exits_do_not_change_its_status(
    state_dir: Path, workers: str
) -> None:
    process = GlimpseProcess(state_dir, arguments=["--workers", workers])
    with process:
        stopped = threading.Event()
        sender = threading.Thread(target=_send_sigterm, args=(process.pid, stopped))
        sender.start()
        try:
            assert process.stop() == 0, process.log.read_text()
        finally:
            stopped.set()
            sender.join()


def _send_sigterm(pid: int, stopped: threading.Event) -> None:
    """Send SIGTERM to a process every two milliseconds until it has exited."""
    with contextlib.suppress(ProcessLookupError):
        while not stopped.wait(0.002):
            os.kill(pid, signal.SIGTERM)
