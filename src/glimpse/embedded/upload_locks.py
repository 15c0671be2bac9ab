"""Claims: which images are being given data right now, so that what a crash left can be told apart.

A claim is a locked file named for the image. The lock ends with its process, the file does not: a
file that can be locked was left by a crash.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from glimpse.images.errors import Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class UploadLock(NamedTuple):
    """One image's, until it is released. `left`: by somebody who died with it, or abandoned it."""

    image_id: str
    path: Path
    descriptor: int
    left: bool

    def release(self) -> None:
        """Let others have it. A file that cannot be removed is one that the next start finds."""
        try:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self.descriptor)

    def abandon(self) -> None:
        """Leave it to who takes the `UploadLocks.abandoned`."""
        os.close(self.descriptor)


class UploadLocks:
    """The claims of all processes of a machine, as files in one directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def take(self, image_id: str) -> UploadLock | None:
        """Claim an image; None while somebody who lives has it. A crash of the machine keeps it.

        Raises Unavailable where the disk is full or read-only, or the directory is gone.
        """
        try:
            return self._take(image_id)
        except OSError as error:
            _log_error("Uploads cannot be claimed in %s: %s", self._directory, error)
            raise Unavailable("The image storage media cannot be written.") from None

    def _take(self, image_id: str) -> UploadLock | None:
        path = self._directory / image_id
        while True:
            left = path.exists()
            try:
                how = os.O_RDWR | os.O_CLOEXEC | (0 if left else os.O_CREAT | os.O_EXCL)
                descriptor = os.open(path, how, 0o600)
            except (FileExistsError, FileNotFoundError):
                if not self._directory.is_dir():
                    raise
                continue  # somebody was quicker
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _is(path, descriptor):
                try:
                    self._sync()
                except OSError:
                    os.close(descriptor)
                    raise
                return UploadLock(image_id, path, descriptor, left)
            os.close(descriptor)  # released, and gone, between the opening and the locking

    def abandoned(self) -> Iterator[UploadLock]:
        """Take the claims whose holders have died, one by one."""
        for path in sorted(self._directory.iterdir()):
            claim = self.take(path.name)
            if claim is not None:
                yield claim

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
