"""Private files of a state directory: readable for their owner only, replaced atomically.

If syncing is off for the state directory (`files.syncing`), the functions write files, but do not
wait until the files are on disk.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glimpse.files.syncing import sync_directory, sync_file

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600

FileVersion = tuple[int, int, int, int]


class InvalidStateFile(Exception):
    """The identity file or the file of token keys has invalid content; the message says what.

    Also raised for one entry of the identity file, which is then left out.
    """


class DirectoryNotSynced(OSError):
    """A file has been replaced, but its directory could not be synced.

    A crash of the machine may undo the replacement.
    """


def make_private_directory(path: Path) -> None:
    """Create the directory `path` if it is missing; make it accessible to its owner only.

    Missing parents are created with the usual mode. Raises PermissionError, and changes nothing, if
    `path` belongs to another user, is accessible to others, and this process does not run as root.
    Raises OSError for other failures, such as a file at `path`.
    """
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if (problem := privacy_problem(path)) is not None:
        raise PermissionError(errno.EPERM, problem, str(path))
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_DIRECTORY)


def privacy_problem(path: Path) -> str | None:
    """Return why this process cannot make `path` private; None if this process can.

    A private file or directory is accessible to its owner only. If `path` is private already,
    returns None, whoever the owner is. Raises OSError if `path` does not exist or cannot be
    reached. `path` is not changed.
    """
    status = path.stat()
    if status.st_mode & 0o077 and os.geteuid() not in (0, status.st_uid):
        return "it belongs to somebody else and is open to others"
    return None


def write_private_file(path: Path, content: bytes) -> None:
    """Create or replace the file `path` atomically, with `content` and the mode 0600.

    On return, the file is on disk if syncing is on for its directory (see `files.syncing`). Raises
    DirectoryNotSynced if `path` has the new content, but might lose the content in a crash. After
    any other OSError, `path` is as it was. No error leaves another file behind.
    """
    temporary = _write_temporary(path, content)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    try:
        sync_directory(path.parent, path.parent)
    except OSError as error:
        raise DirectoryNotSynced(error.errno, error.strerror, str(path)) from error


def read_private_file(path: Path) -> bytes:
    """Return the content of the file `path`, whatever its permissions.

    Raises OSError, also if `path` is a directory, a pipe or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "It is not a regular file", str(path))
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def create_private_file(path: Path, content: bytes) -> bytes:
    """Return the content of the file `path`; first create it with `content` if it is missing.

    A new file has the mode 0600, and is on disk on return if syncing is on. An existing file keeps
    its mode. If several processes call this at the same time, one process creates the file, and all
    processes return the same content. Raises OSError if the file cannot be created, synced or read.
    """
    if not path.exists():
        temporary = _write_temporary(path, content)
        try:
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_directory(path.parent, path.parent)
    return read_private_file(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, which is created if it is missing.

    Blocks until no other process or thread holds the lock. If this thread already holds the lock,
    blocks forever. The lock is released at the end of the block, or when the process exits. Raises
    OSError if the file cannot be opened or locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_file_version(path: Path) -> FileVersion:
    """Return a value that changes when the file `path` is written or replaced.

    The value has the inode, times and size. A change of the permissions changes the value, too. If
    the size stays, a second write within some milliseconds may not change the value. A call takes
    1 µs. Raises OSError if `path` does not exist or cannot be reached.
    """
    status = os.stat(path)  # noqa: PTH116  takes half of Path.stat's time, for each request
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _write_temporary(path: Path, content: bytes) -> Path:
    """Write `content` to a new file beside `path`; return the path of the new file.

    The new file has the mode 0600, and is on disk on return if syncing is on. The caller renames or
    removes the new file. Raises OSError if the file cannot be written; then the new file has been
    removed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            sync_file(stream.fileno(), path.parent)
    except OSError:  # a full disk: an incomplete file would stay, and has secrets
        temporary.unlink()
        raise
    return temporary
