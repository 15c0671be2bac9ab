"""Waits until what was written is on the disk, unless the state directory does without.

The state of an ephemeral cloud is removed with its process, so that it need not survive a crash of
the machine. A file in the state directory says so to all processes, and to copies of the directory.
"""

import os
from pathlib import Path

_MARK = ".not-synced"


def do_without_syncing(state_dir: Path) -> None:
    """Mark a state directory, so that what is written to it need not reach the disk.

    Call it before databases and stores in the directory are opened: open ones may still sync. The
    mark is a file, and stays. Raises OSError.
    """
    (state_dir / _MARK).touch()


def is_synced(state_dir: Path) -> bool:
    """Return True unless the state directory is marked. Takes 1 us."""
    return not os.path.exists(state_dir / _MARK)  # noqa: PTH110  takes half of Path.exists' time


def sync_file(descriptor: int, state_dir: Path) -> None:
    """Return when the content of an open file is on the disk. Blocks. Raises OSError.

    Returns at once if the state directory in which the file is does without.
    """
    if is_synced(state_dir):
        os.fsync(descriptor)


def sync_directory(directory: Path, state_dir: Path) -> None:
    """Return when changes of names in the directory are on the disk. Blocks. Raises OSError.

    Returns at once if the state directory, which contains or is the directory, does without.
    """
    if not is_synced(state_dir):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sqlite_synchronous(state_dir: Path) -> str:
    """Return the value of SQLite's PRAGMA synchronous for the databases of a state directory."""
    return "FULL" if is_synced(state_dir) else "OFF"
