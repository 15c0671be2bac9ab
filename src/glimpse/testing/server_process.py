"""ServerProcess: ``glimpse serve`` as a child of the process that runs tests."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 60.0  # far more than a start takes, even on a busy machine
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.005
_LOG_LINES = 40  # lines of the server's log in a message


class CloudNotStarted(Exception):
    """``glimpse serve`` did not start, or serves no Identity API; the message says why.

    If ``glimpse serve`` did not start, the message has the last 40 lines of the log.
    """


class ServerProcess:
    """Runs ``glimpse serve`` with `arguments`; the ready file and the log are in `directory`.

    ``log`` is the path of the log, which has all output of the server. Call `stop` at the end. The
    server also stops if this process ends or is killed: the end closes the pipe to the server's
    standard input.
    """

    def __init__(self, directory: Path, arguments: Sequence[str]) -> None:
        """Start the process, in a session of its own: Ctrl-C does not stop the process.

        Raises OSError if the process or the log file cannot be made.
        """
        self._ready_file = directory / "ready.json"
        self.log = directory / "glimpse.log"
        command = [sys.executable, "-m", "glimpse", "serve", "--stop-with-stdin", "--ready-file"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  it is our own program
                [*command, str(self._ready_file), *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes only to the tests, which stop the server
            )

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait until the server serves requests; return the content of the ready file.

        Raises CloudNotStarted if the process ends, or does not serve requests within 60 seconds.
        After 60 seconds, the process still runs: call `stop`.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._ready_file.exists():
            if self._process.poll() is not None:
                raise CloudNotStarted(self._failure())
            if time.monotonic() > deadline:
                raise CloudNotStarted(f"glimpse serve takes too long:\n{self.log_end()}")
            time.sleep(_POLL_SECONDS)
        document: dict[str, Any] = json.loads(self._ready_file.read_bytes())
        return document

    def _failure(self) -> str:
        """Return the message of CloudNotStarted for a process that has ended.

        The message has the last line of the log, then the last 40 lines. The last line comes first,
        because pytest's summary shows only the first line of a message.
        """
        end = self.log_end()
        last = end.rpartition("\n")[2]
        return f"glimpse serve failed: {last.removeprefix('glimpse: ')}\n{end}"

    def log_end(self) -> str:
        """Return the last 40 lines that the server logged or printed; "" if there are none."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def request_stop(self) -> None:
        """Begin to stop the process, even while the server starts, and return at once.

        Does nothing if the process has ended.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()

    def stop(self) -> None:
        """Stop the process, and wait for its end; kill the process after 20 seconds.

        Does nothing if the process has ended.
        """
        self.request_stop()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
