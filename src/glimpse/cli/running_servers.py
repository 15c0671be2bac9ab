"""Files in a state directory with the addresses and ports of the processes that serve it.

A process keeps a lock on its file while it runs. A file without a lock is the file of a killed
process.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from glimpse.identity.embedded.private_files import PRIVATE_DIRECTORY, PRIVATE_FILE

RUNNING = "running"  # in the state directory


class RunningServer(NamedTuple):
    """A process that serves: its id, and the address and the ports that it listens on.

    The port of the Image or Identity API is None if the API shares `port` or is not served.
    """

    pid: int
    host: str
    port: int
    image_port: int | None = None
    identity_port: int | None = None


@contextmanager
def record_running_server(state_dir: Path, server: RunningServer) -> Iterator[None]:
    """Keep a file about this process in the state directory while the block runs.

    The content of the file is `server`. This process keeps the file locked; files that are not
    locked are those of killed processes, and are removed first. Raises OSError if the state
    directory does not exist, if the file cannot be written, or if the file of another process
    cannot be opened or removed.
    """
    directory = state_dir / RUNNING
    directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    for file in directory.glob("*.json"):
        if not _is_locked(file):
            file.unlink(missing_ok=True)
    file = directory / f"{secrets.token_hex(8)}.json"
    temporary = file.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # before other processes can find the file
        os.write(descriptor, orjson.dumps(server._asdict()))
        temporary.rename(file)
        yield
    finally:
        temporary.unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        os.close(descriptor)


def find_running_server(state_dir: Path) -> RunningServer | None:
    """Return the process that serves with the state directory; None if no process is found.

    If there are several processes, returns the process that started last. Returns None if the file
    about that process cannot be parsed, or if any of the files cannot be read. Creates and changes
    nothing. Raises nothing.
    """
    try:
        files = [file for file in (state_dir / RUNNING).glob("*.json") if _is_locked(file)]
        files.sort(key=lambda file: file.stat().st_mtime_ns)
        return _parse(files[-1].read_bytes()) if files else None
    except OSError:  # the process stopped meanwhile, or the directory cannot be read
        return None


def _is_locked(file: Path) -> bool:
    """Return True if a running process holds the lock of `file`; False if there is no file.

    Raises OSError if the file cannot be opened.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _parse(content: bytes) -> RunningServer | None:
    """Parse the content of a file about a process.

    Returns None if the content is no JSON object with the fields of RunningServer, as a file of
    another version of Glimpse may be.
    """
    try:
        return RunningServer(**orjson.loads(content))
    except (TypeError, orjson.JSONDecodeError):
        return None
