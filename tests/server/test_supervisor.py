"""Supervisor: worker processes that fail. For signals, see tests/gateway/test_signals.py."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.server.supervisor import Supervisor
from glimpse.server.worker import ServedApplication
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


def test_a_worker_process_exits_after_any_error_and_logs_it(tmp_path: Path, log: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nstate_dir = {tmp_path}\n")

    def load() -> Settings:
        return load_settings([conf])

    supervisor = Supervisor(load(), (), load, fail, heartbeat_interval=None)
    _, status = os.waitpid(supervisor.start(load()), 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert "Failure: the application cannot be made" in log.read_text()
