"""Processes stop when their terminal is closed or their supervisor is killed."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.http import request
from tests.support.process import STOP_SECONDS, GlimpseProcess, free_port, wait_until

# Makes standard input the controlling terminal of its session, then runs the command.
_IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_stops_when_its_terminal_is_closed(tmp_path: Path, workers: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "glimpse", "--port", str(port), "--workers", workers]
    command += ["--state-dir", str(tmp_path / "state")]
    terminal, standard_streams = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, *command],
        stdin=standard_streams,
        stdout=standard_streams,
        stderr=standard_streams,
        start_new_session=True,
    ) as process:
        try:
            os.close(standard_streams)
            wait_until(lambda: _is_serving(port), "the server does not listen")
            os.close(terminal)
            process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_workers_stop_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", "2"]) as process:
        wait_until(lambda: len(process.children()) == 2, "there are not two workers")
        workers = process.children()
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(_is_running, workers)), "a worker still runs")


def _is_serving(port: int) -> bool:
    try:
        return request(("127.0.0.1", port), "GET", "/").status == 200
    except (OSError, ValueError):
        return False


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False
