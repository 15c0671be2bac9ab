"""Private files: accessible to their owner only, and replaced atomically."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600

FileVersion = tuple[int, int, int, int]


def make_private_directory(path: Path) -> None:
    """Create `path` and its parents if missing, and give it the mode 0700.

    Raises OSError, also if `path` is open to others than its owner and belongs to another user.
    """
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if (problem := privacy_problem(path)) is not None:
        raise PermissionError(errno.EPERM, problem, str(path))
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_DIRECTORY)


def privacy_problem(path: Path) -> str | None:
    """Return why this process cannot make `path` private; None if it can, or if it is.

    Raises OSError if `path` does not exist.
    """
    status = path.stat()
    if status.st_mode & 0o077 and os.geteuid() not in (0, status.st_uid):
        return "it belongs to somebody else and is open to others"
    return None


def write_private_file(path: Path, content: bytes) -> None:
    """Replace `path` atomically by a file with `content`, mode 0600, on disk on return.

    Raises OSError, and leaves `path` as it was.
    """
    temporary = _write_temporary(path, content)
    temporary.replace(path)
    _sync_directory(path.parent)


def create_private_file(path: Path, content: bytes) -> bytes:
    """Create `path` with `content`, mode 0600, unless it exists; return what it holds then.

    Processes that do this at the same time all return the same bytes. Raises OSError.
    """
    if not path.exists():
        temporary = _write_temporary(path, content)
        with suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
        _sync_directory(path.parent)
    return path.read_bytes()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, after waiting for other processes and threads to release it.

    When a process ends, the kernel releases its lock. Raises OSError.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_file_version(path: Path) -> FileVersion:
    """Return a value that differs once `path` has been written or replaced; takes 1 µs.

    It also differs once the permissions have changed. Raises OSError if `path` does not exist.
    """
    status = os.stat(path)  # noqa: PTH116  takes half of Path.stat's time, for each request
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _write_temporary(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:  # a full disk: an incomplete file would stay, and has secrets
        temporary.unlink()
        raise
    return temporary


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
