"""write_problem: find out why a directory cannot be written, for readiness checks."""

import os
from pathlib import Path

_MIN_FREE_BYTES = 64 * 1024  # bytes that have to be free: a few writes of metadata


def write_problem(directory: Path, name: str, content: str) -> str | None:
    """Return why files cannot be written to a directory; None if no problem is found.

    Checks permissions, free space (64 KiB) and free inodes; writes nothing. A missing directory
    counts as one that cannot be written. `name` and `content` are words for the message: the
    directory ("the state directory"), and what the files hold ("the catalog").

    Blocks until the file system responds: call this function in a thread. Raises OSError if the
    file system does not report its free space.
    """
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return f"{name} cannot be written"
    disk = os.statvfs(directory)
    if disk.f_bavail * disk.f_frsize < _MIN_FREE_BYTES:
        return f"no space is left for {content}"
    if disk.f_files and not disk.f_favail:  # some file systems do not count files
        return f"no file can be made for {content}"
    return None
