"""Private files: for the owner of the state directory only, written whole or not at all."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


def make_private_directory(path: Path) -> None:
    """Create `path` and its parents if missing; others lose access to `path`, 0700.

    Raises OSError, also when `path` belongs to somebody else and is open to more than the owner.
    """
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if (reason := why_not_private(path)) is not None:
        raise PermissionError(errno.EPERM, reason, str(path))
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_DIRECTORY)


def why_not_private(path: Path) -> str | None:
    """Why `path` cannot be kept from others, None if it can: only its owner decides that."""
    found = path.stat()
    if found.st_mode & 0o077 and os.geteuid() not in (0, found.st_uid):
        return "it belongs to somebody else and is open to others"
    return None


def write_private_file(path: Path, content: bytes) -> None:
    """Put `content` in place of `path` in one step, 0600, on disk before this returns."""
    temporary = _write_temporary(path, content)
    temporary.replace(path)
    _sync_directory(path.parent)


def create_private_file(path: Path, content: bytes) -> bytes:
    """Write `path` unless somebody else was first; return what it holds now.

    However many processes do this at once, all return the same bytes.
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
    """Hold the lock file `path` against other processes and threads; a dead holder lets go."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_temporary(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:  # a full disk: the half is nobody's, and holds secrets
        temporary.unlink()
        raise
    return temporary


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
