"""SIGHUP reloads the configuration and opens moved log files; no request fails meanwhile."""

import os
import shutil
import signal
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until
from tests.support.reload import (
    advertised_microversion,
    wait_for_microversion,
    write_configuration,
)

DEADLINE = 20.0  # seconds
USER = Member("user", "e" * 32)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_during_reloads(tmp_path: Path, workers: int) -> None:
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        with _Clients(process, connections=4) as clients:
            for version in range(31, 36):
                write_configuration(tmp_path, workers, version)
                seen = clients.count
                os.kill(process.pid, signal.SIGHUP)
                wait_for_microversion(process, f"2.{version}")
                clients.wait_for_count(seen + 20)
        assert clients.failures == []
        assert clients.count > 100
        assert process.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "text", ["[api]\nmax_microversion = none\n", "[oslo_policy]\npolicy_file = /nowhere.yaml\n"]
)
def test_an_invalid_configuration_is_logged_and_ignored(
    tmp_path: Path, workers: int, text: str
) -> None:
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        conf.write_text(f"[glimpse]\nworkers = {workers}\n{text}")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: "configuration is kept" in process.log.read_text(), "no error is logged")
        assert advertised_microversion(process) == "2.30"
        write_configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_for_microversion(process, "2.31")


def test_a_request_in_progress_completes_with_the_old_configuration(tmp_path: Path) -> None:
    conf = write_configuration(tmp_path, 1, 30)
    seed_identity(tmp_path / "state", [USER])
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        cloud = EmbeddedCloud(process)
        image = b'{"name": "one", "disk_format": "raw", "container_format": "bare"}'
        image_id = cloud.request("user", "POST", "/image/v2/images", image).json()["id"]
        connection = HTTPConnection(*process.address, timeout=DEADLINE)
        connection.putrequest("PUT", f"/image/v2/images/{image_id}/file")
        connection.putheader("X-Auth-Token", cloud.token("user") or "")
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", "6")
        connection.endheaders(b"one")
        write_configuration(tmp_path, 1, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_for_microversion(process, "2.31")
        connection.send(b"two")
        assert connection.getresponse().status == 204, process.log.read_text()
        connection.close()
        data = cloud.request("user", "GET", f"/image/v2/images/{image_id}/file")
        assert data.body == b"onetwo", str(data)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_opens_a_log_file_that_was_moved(tmp_path: Path, workers: int) -> None:
    log = tmp_path / "log"
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[DEFAULT]\nlog_file = {log}\n[glimpse]\nworkers = {workers}\n")
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        request(process.address, "GET", "/before")
        log.rename(tmp_path / "log.1")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: log.exists() and log.read_text().count("was read again") == workers,
            "a worker does not write to the new file",
        )
        for _ in range(20):  # any worker may serve each of them
            request(process.address, "GET", "/after")
        wait_until(
            lambda: log.read_text().count("/after") == 20, "a request is not logged in the new file"
        )
        log.rename(tmp_path / "log.2")
        conf.write_text(f"{conf.read_text()}[api]\nmax_microversion = none\n")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: log.exists() and "is kept" in log.read_text(),
            "the error is not logged in a new file",
        )
    assert "/before" in (tmp_path / "log.1").read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_file_that_cannot_be_opened_again_is_reported_on_standard_error(
    tmp_path: Path, workers: int
) -> None:
    """The file that is still open was removed with its directory, so nobody can read it."""
    logs = tmp_path / "logs"
    logs.mkdir()
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[DEFAULT]\nlog_dir = {logs}\n[glimpse]\nworkers = {workers}\n")
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        shutil.rmtree(logs)
        os.kill(process.pid, signal.SIGHUP)
        message = f"glimpse: The log file {logs}/glimpse.log cannot be opened again: No such file"
        wait_until(lambda: message in process.log.read_text(), "the error is not printed")
        logs.mkdir()
        os.kill(process.pid, signal.SIGHUP)
        wait_until((logs / "glimpse.log").exists, "the file is not opened again")


class _Clients:
    """Clients that send requests without pause over keep-alive connections."""

    def __init__(self, process: GlimpseProcess, connections: int) -> None:
        self._address = process.address
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._send_requests) for _ in range(connections)]
        self.count = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def wait_for_count(self, count: int) -> None:
        """Return when more than `count` requests have been sent since the start."""
        wait_until(lambda: self.count > count, "no further requests are served")

    def _send_requests(self) -> None:
        connection = HTTPConnection(*self._address, timeout=DEADLINE)
        connection.connect()
        connection.auto_open = 0  # a connection that the server closes is a failure
        while not self._end.is_set():
            try:
                connection.request("GET", "/v2.1/")
                response = connection.getresponse()
                response.read()
            except Exception as error:  # noqa: BLE001  any error is a failed request
                self.failures.append(repr(error))
                return
            if response.status != 200:
                self.failures.append(str(response.status))
            self.count += 1
        connection.close()
