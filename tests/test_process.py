"""Signals, reloads, and what systemd is told, with real processes and a real datagram socket."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port, wait_until

SECONDS = 20.0  # in which anything has to have happened
USER = Member("user", "e" * 32)
# Makes standard input the terminal of its session, then runs the command.
_IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Systemd:
    """The other end of NOTIFY_SOCKET: every message, in order."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(SECONDS)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def next_but_watchdog(self) -> str:
        return next(text for text in iter(self.next, None) if text != "WATCHDOG=1")

    def within(self, seconds: float) -> list[str]:
        """All that comes in this time."""
        found = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                found.append(self.next())
            except TimeoutError:
                break
        return found

    def close(self) -> None:
        self._socket.close()


@contextmanager
def _told(process: GlimpseProcess, address: str) -> Iterator[Systemd]:
    systemd = Systemd(address)
    try:
        with process:
            yield systemd
    finally:
        systemd.close()


def _configuration(tmp_path: Path, workers: int, most_metadata: int) -> Path:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nworkers = {workers}\n[api]\nadvertised_microversion = 2.{most_metadata}\n"
    )
    return conf


def _advertised(process: GlimpseProcess) -> str:
    answer = request(process.address, "GET", "/v2.1/")
    return str(answer.json()["version"]["version"])


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_is_told_of_start_reload_and_stop(tmp_path: Path, workers: int) -> None:
    address = str(tmp_path / "notify") if workers == 1 else f"@glimpse-test-{os.getpid()}"
    conf = _configuration(tmp_path, workers, 30)
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--config-file", str(conf)],
        environment={"NOTIFY_SOCKET": address},
    )
    with _told(process, address) as systemd:
        assert systemd.next() == "READY=1"
        _configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        reloading, since = systemd.next().split("\n")
        assert reloading == "RELOADING=1"
        assert int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert systemd.next() == "READY=1"
        assert _advertised(process) == "2.31"
        assert process.stop() == 0, process.log.read_text()
        assert systemd.next() == "STOPPING=1"


@pytest.mark.parametrize("workers", [1, 2])
def test_the_watchdog_gets_its_signs_of_life(tmp_path: Path, workers: int) -> None:
    address = str(tmp_path / "notify")
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--workers", str(workers)],
        environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
    )
    with _told(process, address) as systemd:
        told = [systemd.next() for _ in range(5)]
        assert told.count("WATCHDOG=1") >= 4, told


def test_a_worker_whose_loop_stands_still_is_no_sign_of_life(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--workers", "2"],
        environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
    )
    with _told(process, address) as systemd:
        assert systemd.next_but_watchdog() == "READY=1"
        stopped = process.children()[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            told = systemd.within(2)  # five times the period
            assert len(told) < 5, told
        finally:
            os.kill(stopped, signal.SIGCONT)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_while_the_configuration_is_read_again(
    tmp_path: Path, workers: int
) -> None:
    conf = _configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        with _Hammer(process, connections=4) as hammer:
            for version in range(31, 36):
                _configuration(tmp_path, workers, version)
                seen = hammer.count
                os.kill(process.pid, signal.SIGHUP)
                wait_until(lambda v=version: _advertised(process) == f"2.{v}", f"2.{version}")  # type: ignore[misc]
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
    conf = _configuration(tmp_path, workers, 30)
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        conf.write_text(f"[glimpse]\nworkers = {workers}\n{text}")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: "configuration is kept" in process.log.read_text(), "an error in the log"
        )
        assert _advertised(process) == "2.30"
        _configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: _advertised(process) == "2.31", "the mended configuration")


def test_a_request_under_way_ends_as_it_began(tmp_path: Path) -> None:
    conf = _configuration(tmp_path, 1, 30)
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
        _configuration(tmp_path, 1, 31)
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: _advertised(process) == "2.31", "the new configuration")
        connection.send(b"two")
        assert connection.getresponse().status == 204, process.log.read_text()
        connection.close()
        data = cloud.ask("user", "GET", f"/image/v2/images/{image_id}/file")
        assert data.body == b"onetwo", str(data)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_with_the_terminal_it_was_started_in(tmp_path: Path, workers: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "glimpse", "--port", str(port), "--workers", workers]
    command += ["--state-dir", str(tmp_path / "state")]
    ours, its = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, *command],
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as process:
        try:
            os.close(its)
            wait_until(lambda: _answers(port), "it to listen")
            os.close(ours)
            process.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


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


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", "2"]) as process:
        wait_until(lambda: len(process.children()) == 2, "two workers")
        workers = process.children()
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(_is_running, workers)), "the workers to end")


def _answers(port: int) -> bool:
    try:
        return request(("127.0.0.1", port), "GET", "/").status == 200
    except (OSError, ValueError):
        return False


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


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
