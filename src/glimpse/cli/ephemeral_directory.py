"""Temporary directories that the next process removes if theirs was killed.

`ephemeral_directory` is for the state of ``glimpse serve --ephemeral``.
"""

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
    """Make a directory that only this user can access, and remove it after the block.

    The directory is in memory if /dev/shm is writable and has 512 MiB of free space, otherwise in
    the directory for temporary files. Ephemeral directories of killed processes are removed first.
    Raises OSError if no directory can be made.
    """
    with abandonable_directory(_parent(), _PREFIX) as path:
        yield path


@contextmanager
def abandonable_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a directory in `parent` that only this user can access; remove it after the block.

    The name of the directory begins with `prefix`. The directory has a file ``.lock``, which this
    process keeps locked. First removes the directories that killed processes of this user have
    left: those with the same prefix whose file ``.lock`` nobody has locked. Errors of removals are
    ignored. Raises OSError if the directory cannot be made.
    """
    _remove_abandoned(parent, prefix)
    path = Path(tempfile.mkdtemp(prefix=".glimpse-", dir=parent))
    try:
        # The kernel releases the lock when this process ends, even if it is killed.
        with (path / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Renamed after locking: other processes remove an unlocked directory with this name.
            path = path.rename(parent / (prefix + path.name.rpartition("-")[2]))
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _parent() -> Path:
    """Return the directory in which ephemeral directories are made.

    The result is /dev/shm if it is writable and has _ENOUGH free bytes, otherwise the directory for
    temporary files.
    """
    with suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH:
            return _MEMORY
    return Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove this user's directories in `parent` whose processes have ended.

    Only directories whose names begin with `prefix` are removed. A process that runs keeps the lock
    file locked. Directories that cannot be removed are left; raises nothing.
    """
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            if path.lstat().st_uid != os.geteuid():
                continue
            with (path / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
