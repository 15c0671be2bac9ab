"""ServerProcess and GlimpseProcess: server processes that tests start, stop and kill."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.fork_server import ForkedProcess, fork
from tests.support.http import request
from tests.support.server import Server

START_SECONDS = 20.0  # far more than a start takes
STOP_SECONDS = 20.0
_FIRST_PORT, _PORTS = 15_000, 17_000  # below Linux's ip_local_port_range
# Processes of pytest-xdist take different ports, so that none takes one that another has returned.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_returned: set[int] = set()


def free_port() -> int:
    """Return a free loopback port; the same one is not returned twice in this process.

    The port is outside the range from which the kernel assigns ports to connections. Thus none
    takes it before the server has started.
    """
    while True:
        port = _FIRST_PORT + secrets.randbelow(_PORTS // _WORKERS) * _WORKERS + _WORKER
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _returned:
                _returned.add(port)
                return port


class ServerProcess(Server):
    """A server process. As a context manager, it starts the process and stops it at the end."""

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """`command` listens on `port` of 127.0.0.1; `environment` has additional variables."""
        self.port = port
        self.log = log
        self._command = list(command)
        self._environment = {**os.environ, **(environment or {})}
        self._directory = directory
        self._process: subprocess.Popen[bytes] | ForkedProcess | None = None

    @property
    def pid(self) -> int:
        """The process id of the running process."""
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """Return the process ids of its child processes: the workers of Glimpse."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def start(self) -> None:
        """Start the process; return when it accepts connections.

        Raises RuntimeError with its log if it exits or does not listen within START_SECONDS.
        """
        with self.log.open("ab") as log:
            self._process = self._spawn(log.fileno())
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command} did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def _spawn(self, log: int) -> subprocess.Popen[bytes] | ForkedProcess:
        """Start the process with its output in the file descriptor `log`; do not wait for it."""
        return subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def stop(self) -> int:
        """Send SIGTERM, wait until it exits, and return its exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            raise

    def kill(self) -> None:
        """Kill the process and its workers with SIGKILL, as in a crash."""
        if self._process is not None:
            process, self._process = self._process, None
            _kill_group(process)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0


class GlimpseProcess(ServerProcess):
    """``glimpse serve`` with a state directory of its own."""

    _is_forked = False  # started by the fork server

    def __init__(
        self,
        state_dir: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        """`arguments` are appended to the command; without `port` it listens on a free one."""
        self.state_dir = state_dir
        port = port or free_port()
        log = state_dir.parent / f"glimpse-{port}.log"
        self._arguments = ["serve", "--host", "127.0.0.1", "--port", str(port)]
        self._arguments += ["--state-dir", str(state_dir), *arguments]
        self._is_forked = environment is None
        command = [sys.executable, "-m", "glimpse", *self._arguments]
        super().__init__(command, port, log, environment=environment)

    def wait_until_served(self) -> None:
        """Wait for a response. Before it serves, the process records and prints its addresses.

        `start` returns earlier: when the kernel accepts connections for the process.
        """
        request(self.address, "GET", "/")

    def _spawn(self, log: int) -> subprocess.Popen[bytes] | ForkedProcess:
        """Fork it, which is quick; start a new interpreter if it has an environment of its own.

        Imports may depend on the environment.
        """
        if self._is_forked:
            with Path(os.devnull).open("rb") as nothing:
                return fork(self._arguments, self._environment, (nothing.fileno(), log, log))
        return super()._spawn(log)


def run_glimpse(
    *arguments: str, stdin: IO[bytes] | None = None, seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run ``glimpse`` with `arguments` until it exits; return its status and output.

    Raises TimeoutExpired after `seconds`. The process is a fork of one that has the modules loaded.
    """
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        Path(os.devnull).open("rb") as nothing,
    ):
        streams = ((stdin or nothing).fileno(), output.fileno(), errors.fileno())
        process = fork(arguments, os.environ, streams)
        try:
            status = process.wait(seconds)
        finally:
            if process.poll() is None:
                _kill_group(process)
        output.seek(0)
        errors.seek(0)
        texts = output.read().decode(), errors.read().decode()
    return subprocess.CompletedProcess(["glimpse", *arguments], status, *texts)


def _kill_group(process: subprocess.Popen[bytes] | ForkedProcess) -> None:
    """Kill the process and its children, which are in the process group that it leads."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_idle(pid: int) -> None:
    """Return when the process has used no CPU time for a while."""
    used = -1.0

    def is_idle() -> bool:
        nonlocal used
        time.sleep(0.1)
        before, used = used, cpu_seconds(pid)
        return used == before

    wait_until(is_idle, "the process is at work all the time")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process has used, in steps of a clock tick (0.01 s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition: Callable[[], bool], complaint: str, seconds: float = 20.0) -> None:
    """Wait until `condition` returns True; fail with `complaint` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)
