"""What systemd is told, over a real datagram socket."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess
from tests.support.reload import advertised, write_configuration

SECONDS = 20.0  # in which anything has to have happened


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


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_is_told_of_start_reload_and_stop(tmp_path: Path, workers: int) -> None:
    address = str(tmp_path / "notify") if workers == 1 else f"@glimpse-test-{os.getpid()}"
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--config-file", str(conf)],
        environment={"NOTIFY_SOCKET": address},
    )
    with _told(process, address) as systemd:
        assert systemd.next() == "READY=1"
        write_configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        reloading, since = systemd.next().split("\n")
        assert reloading == "RELOADING=1"
        assert int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert systemd.next() == "READY=1"
        assert advertised(process) == "2.31"
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
