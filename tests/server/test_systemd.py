"""Notifications to systemd over a real datagram socket."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from glimpse.server.systemd import watchdog_interval
from tests.support.process import GlimpseProcess
from tests.support.reload import advertised_microversion, write_configuration

DEADLINE = 20.0  # seconds


class Systemd:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(DEADLINE)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def next_without_watchdog(self) -> str:
        return next(text for text in iter(self.next, None) if text != "WATCHDOG=1")

    def receive_for(self, seconds: float) -> list[str]:
        """Return all messages that arrive within `seconds`."""
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
def _notified(process: GlimpseProcess, address: str) -> Iterator[Systemd]:
    systemd = Systemd(address)
    try:
        with process:
            yield systemd
    finally:
        systemd.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_is_notified_of_start_reload_and_stop(tmp_path: Path, workers: int) -> None:
    address = str(tmp_path / "notify") if workers == 1 else f"@glimpse-test-{os.getpid()}"
    conf = write_configuration(tmp_path, workers, 30)
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--config-file", str(conf)],
        environment={"NOTIFY_SOCKET": address},
    )
    with _notified(process, address) as systemd:
        assert systemd.next() == "READY=1"
        write_configuration(tmp_path, workers, 31)
        os.kill(process.pid, signal.SIGHUP)
        reloading, since = systemd.next().split("\n")
        assert reloading == "RELOADING=1"
        assert int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert systemd.next() == "READY=1"
        assert advertised_microversion(process) == "2.31"
        assert process.stop() == 0, process.log.read_text()
        assert systemd.next() == "STOPPING=1"


@pytest.mark.parametrize("workers", [1, 2])
def test_watchdog_notifications_are_sent(tmp_path: Path, workers: int) -> None:
    address = str(tmp_path / "notify")
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--workers", str(workers)],
        environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
    )
    with _notified(process, address) as systemd:
        messages = [systemd.next() for _ in range(5)]
        assert messages.count("WATCHDOG=1") >= 4, messages


def test_no_watchdog_notification_is_sent_while_a_worker_is_blocked(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    process = GlimpseProcess(
        tmp_path / "state",
        arguments=["--workers", "2"],
        environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
    )
    with _notified(process, address) as systemd:
        assert systemd.next_without_watchdog() == "READY=1"
        stopped = process.children()[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            messages = systemd.receive_for(2)  # five times the interval WATCHDOG_USEC
            assert len(messages) < 5, messages
        finally:
            os.kill(stopped, signal.SIGCONT)


@pytest.mark.parametrize(
    ("period", "expected"),
    [("400000", 0.2), ("0", None), ("", None), ("-1", None), ("soon", None), ("²", None)],
)
def test_watchdog_interval_is_half_of_the_period(
    monkeypatch: pytest.MonkeyPatch, period: str, expected: float | None
) -> None:
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", period)
    assert watchdog_interval() == expected


def test_there_is_no_watchdog_interval_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    assert watchdog_interval() is None
