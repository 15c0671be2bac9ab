"""A directory that ends with its process: the state of a cloud that keeps nothing."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  a tmpfs; the directories in it have mode 0700
_ENOUGH = 512 * 2**20  # free bytes: containers often have 64 MiB, too few for images
_PREFIX = "glimpse-ephemeral-"
_LOCK = ".lock"


@contextmanager
def ephemeral_directory() -> Iterator[Path]:
    """Make a directory that is accessible to this user only, and remove it at the end.

    It is in memory if there is a tmpfs with enough space, otherwise where TMPDIR says. Removes
    those of processes that were killed before, too. Raises OSError if none can be made.
    """
    parent = _parent()
    _remove_abandoned(parent)
    path = Path(tempfile.mkdtemp(prefix=".glimpse-", dir=parent))
    try:
        # The kernel unlocks it when this process ends, however it ends.
        with (path / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Only now does it have the name of those that others remove if nobody locks them.
            path = path.rename(parent / (_PREFIX + path.name.rpartition("-")[2]))
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _parent() -> Path:
    """Return the directory in which ephemeral directories are made."""
    with suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH:
            return _MEMORY
    return Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    """Remove this user's ephemeral directories whose processes have ended."""
    for path in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if path.lstat().st_uid != os.geteuid():
                continue
            with (path / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
