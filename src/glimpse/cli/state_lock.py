"""StateLock: stops two ``glimpse serve`` from using the same state directory."""

import fcntl
import os
from pathlib import Path

from glimpse.cli.errors import CommandFailed
from glimpse.cli.local_url import local_url
from glimpse.cli.running_servers import find_running_server
from glimpse.identity.embedded.private_files import PRIVATE_FILE, make_private_directory
from glimpse.server.worker import Report, WorkerEvent

LOCK_FILE = "serve.lock"  # in the state directory
_LONGEST_PID = 20  # digits


class StateLock:
    """The lock of a process that serves with a state directory.

    The lock belongs to this process, not to the workers that it forks. The kernel releases the lock
    when the process ends, even if the process is killed. `released_by` releases the lock when the
    process begins to stop, so that the next process need not wait for the last requests.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def acquire(self, state_dir: Path) -> None:
        """Lock `state_dir`; make the directory if it is missing.

        The lock file in `state_dir` gets the id of this process, and stays after `release`. Raises
        CommandFailed if another process has locked the directory, or if the directory or the lock
        file cannot be made, opened or locked. Raises OSError if the id cannot be written, as on a
        full disk.
        """
        try:
            make_private_directory(state_dir)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(state_dir / LOCK_FILE, flags, PRIVATE_FILE)
        except OSError as error:
            why = f"{error.strerror or error}: {error.filename or state_dir}"
            raise CommandFailed(f"cannot open the state in {state_dir}: {why}") from None
        try:
            # A forked worker does not inherit a POSIX lock, unlike a lock of flock. If this process
            # is killed, the next process does not have to wait for the workers.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(descriptor, _LONGEST_PID, 0).decode(errors="replace")
            os.close(descriptor)
            if not isinstance(error, BlockingIOError | PermissionError):  # for example, no locks
                why = f"cannot lock the state in {state_dir}: {error.strerror}"
                raise CommandFailed(why) from None
            raise CommandFailed(_refusal(state_dir, pid)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock. Do nothing if this process does not hold the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def released_by(self, report: Report) -> Report:
        """Return a function that passes each event on to `report`.

        At the event "stopping", the function first releases the lock.
        """

        def releasing(event: WorkerEvent) -> None:
            if event == "stopping":
                self.release()
            report(event)

        return releasing


def _refusal(state_dir: Path, pid: str) -> str:
    """Return the error message for a directory that the process `pid` has locked.

    The message has the address of that process if the process has recorded its address.
    """
    running = find_running_server(state_dir)
    is_known = running is not None and str(running.pid) == pid
    where = f" at {local_url(running.host, running.port)}" if running and is_known else ""
    return (
        f"process {pid or 'unknown'} serves{where} with the state directory {state_dir}: stop it, "
        "or choose another --state-dir"
    )
