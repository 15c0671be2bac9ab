"""A real Glimpse process: started on a free port with a state directory of its own, and stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 20.0  # far more than a start takes; only a start that fails waits for it
STOP_SECONDS = 20.0


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class GlimpseProcess:
    """``glimpse serve`` as a user would start it. A context manager: started inside, gone after."""

    def __init__(
        self,
        state_dir: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`arguments` are more of the command line, `environment` more variables."""
        self.state_dir = state_dir
        self.port = free_port()
        self.log = state_dir.parent / f"glimpse-{self.port}.log"
        self._arguments = list(arguments)
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and return when it accepts connections; raises RuntimeError with its log."""
        command = [sys.executable, "-m", "glimpse", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--state-dir", str(self.state_dir)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"glimpse did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> int:
        """Ask it to stop (SIGTERM), wait until it has, and return its exit status."""
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
        """End it and its workers at once (SIGKILL), as a crash would."""
        if self._process is not None:
            process, self._process = self._process, None
            _kill_group(process)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and whatever it started: it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
