"""Supervisor: worker processes that fail. For signals, see tests/gateway/test_signals.py."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.server.supervisor import Supervisor
from glimpse.server.worker import Report, ServedApplication, WorkerEvent
from glimpse.server.worker_pool import WorkerPool
from glimpse.settings import Settings, load_settings


class Failure(BaseException):
    """An error that no `except Exception` catches."""


def fail(_settings: Settings) -> ServedApplication:
    raise Failure("the application cannot be made")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Write the supervisor's log, in its child processes too, to this file."""
    file = tmp_path / "log"
    handler = logging.FileHandler(file)
    logging.getLogger(Supervisor.__module__).addHandler(handler)
    yield file
    logging.getLogger(Supervisor.__module__).removeHandler(handler)
    handler.close()


def test_a_worker_reports_a_reload_with_the_number_that_it_had_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report_two_reloads(*arguments: Any, **_options: Any) -> int:
        supervisor.set_reload_number(4)
        report: Report = arguments[3]
        report("reload started")
        supervisor.set_reload_number(5)  # while the worker reloads
        report("reloaded")
        report("reload started")
        report("reload failed")
        return 0

    events: list[tuple[str, int]] = []

    class Pool(WorkerPool):
        def on_event(self, pid: int, event: WorkerEvent, reload_number: int = 0) -> None:
            assert pid == worker
            events.append((event, reload_number))

    monkeypatch.setattr("glimpse.server.supervisor.WorkerPool", Pool)
    monkeypatch.setattr("glimpse.server.supervisor.run_worker", report_two_reloads)
    settings = load_settings([], {"glimpse.state_dir": str(tmp_path)})
    supervisor = Supervisor(settings, (), load_settings, fail, heartbeat_interval=None)
    worker = supervisor.start(settings)
    os.waitpid(worker, 0)
    supervisor._handle_events()  # noqa: SLF001  `run` would also replace the worker
    assert events == [
        ("reload started", 4),
        ("reloaded", 4),
        ("reload started", 5),
        ("reload failed", 5),
    ]


def test_a_worker_process_exits_after_any_error_and_logs_it(tmp_path: Path, log: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nstate_dir = {tmp_path}\n")

    def load() -> Settings:
        return load_settings([conf])

    supervisor = Supervisor(load(), (), load, fail, heartbeat_interval=None)
    _, status = os.waitpid(supervisor.start(load()), 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert "Failure: the application cannot be made" in log.read_text()
