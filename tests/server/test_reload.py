"""SIGHUP: the configuration is read again, log files are opened anew, and nobody notices."""

import os
import signal
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until
from tests.support.reload import advertised, write_configuration

SECONDS = 20.0  # in which anything has to have happened
USER = Member("user", "e" * 32)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_while_the_configuration_is_read_again(
    tmp_path: Path, workers: int
) -> None:
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        with _Hammer(process, connections=4) as hammer:
            for version in range(31, 36):
                write_configuration(tmp_path, workers, version)
                seen = hammer.count
                os.kill(process.pid, signal.SIGHUP)
                wait_until(lambda v=version: advertised(process) == f"2.{v}", f"2.{version}")  # type: ignore[misc]
                wait_until(lambda s=seen: hammer.count > s + 20, "requests go on")  # type: ignore[misc]
        assert hammer.failures == []
        assert hammer.count > 100
        assert process.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "text", ["[api]\nmax_microversion = none\n", "[oslo_policy]\npolicy_file = /nowhere.yaml\n"]
)
def test_a_configuration_that_cannot_be_used_changes_nothing(
    tmp_path: Path, workers: int, text: str
) -> None:
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        conf.write_text(f"[glimpse]\nworkers = {workers}\n{text}")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: "configuration is kept" in process.log.read_text(), "an error in the log"
        )
        assert advertised(process) == "2.30"
        write_configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: advertised(process) == "2.31", "the mended configuration")


def test_a_request_under_way_ends_as_it_began(tmp_path: Path) -> None:
    conf = write_configuration(tmp_path, 1, 30)
    seed_identity(tmp_path / "state", [USER])
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        cloud = EmbeddedCloud(process)
        image = b'{"name": "one", "disk_format": "raw", "container_format": "bare"}'
        image_id = cloud.ask("user", "POST", "/image/v2/images", image).json()["id"]
        connection = HTTPConnection(*process.address, timeout=SECONDS)
        connection.putrequest("PUT", f"/image/v2/images/{image_id}/file")
        connection.putheader("X-Auth-Token", cloud.token("user") or "")
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", "6")
        connection.endheaders(b"one")
        write_configuration(tmp_path, 1, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: advertised(process) == "2.31", "the new configuration")
        connection.send(b"two")
        assert connection.getresponse().status == 204, process.log.read_text()
        connection.close()
        data = cloud.ask("user", "GET", f"/image/v2/images/{image_id}/file")
        assert data.body == b"onetwo", str(data)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_file_that_was_moved_away_is_opened_anew(tmp_path: Path, workers: int) -> None:
    log = tmp_path / "log"
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[DEFAULT]\nlog_file = {log}\n[glimpse]\nworkers = {workers}\n")
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        request(process.address, "GET", "/before")
        log.rename(tmp_path / "log.1")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: log.exists() and log.read_text().count("was read again") == workers,
            "all to write to the new file",
        )
        for _ in range(20):  # any worker may answer one
            request(process.address, "GET", "/after")
        wait_until(lambda: log.read_text().count("/after") == 20, "their lines in the new file")
        log.rename(tmp_path / "log.2")
        conf.write_text(f"{conf.read_text()}[api]\nmax_microversion = none\n")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: log.exists() and "is kept" in log.read_text(), "the error in a new file")
    assert "/before" in (tmp_path / "log.1").read_text()


class _Hammer:
    """Clients that ask without a pause over connections that they keep."""

    def __init__(self, process: GlimpseProcess, connections: int) -> None:
        self._address = process.address
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(connections)]
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

    def _ask(self) -> None:
        connection = HTTPConnection(*self._address, timeout=SECONDS)
        connection.connect()
        connection.auto_open = 0  # a connection that the server closes is a failure
        while not self._end.is_set():
            try:
                connection.request("GET", "/v2.1/")
                answer = connection.getresponse()
                answer.read()
            except Exception as error:  # noqa: BLE001  whatever it is, a client saw it
                self.failures.append(repr(error))
                return
            if answer.status != 200:
                self.failures.append(str(answer.status))
            self.count += 1
        connection.close()
