"""UploadLocks: allows one upload of an image at a time, and finds interrupted uploads.

A lock is a locked file named for the image. When a process ends, the operating system unlocks its
files but does not remove them: a file that exists and is not locked was left by a crash.
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
    """The lock of one image, held until `release` or `abandon`.

    `was_abandoned` is True if the previous holder's process ended, or if it called `abandon`.
    """

    image_id: str
    path: Path
    descriptor: int
    was_abandoned: bool

    def release(self) -> None:
        """Unlock the image and remove the file.

        If the file cannot be removed, the next start of a process finds it as an abandoned lock.
        """
        try:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self.descriptor)

    def abandon(self) -> None:
        """Unlock the image and leave the file for `UploadLocks.acquire_abandoned`."""
        os.close(self.descriptor)


class UploadLocks:
    """The upload locks of all processes of a machine, as files in one directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def acquire(self, image_id: str) -> UploadLock | None:
        """Lock an image, and return once the file is on the disk; None if it is locked already.

        Raises Unavailable if the disk is full or read-only, or the directory does not exist.
        """
        try:
            return self._acquire(image_id)
        except OSError as error:
            _log_error("Uploads cannot be locked in %s: %s", self._directory, error)
            raise Unavailable("The image storage media cannot be written.") from None

    def _acquire(self, image_id: str) -> UploadLock | None:
        path = self._directory / image_id
        while True:
            exists = path.exists()
            try:
                flags = os.O_RDWR | os.O_CLOEXEC | (0 if exists else os.O_CREAT | os.O_EXCL)
                descriptor = os.open(path, flags, 0o600)
            except (FileExistsError, FileNotFoundError):
                if not self._directory.is_dir():
                    raise
                continue  # another holder created or removed it meanwhile
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _is_file_at(path, descriptor):
                try:
                    self._sync_directory()
                except OSError:
                    os.close(descriptor)
                    raise
                return UploadLock(image_id, path, descriptor, exists)
            os.close(descriptor)  # released, and removed, between the opening and the locking

    def acquire_abandoned(self) -> Iterator[UploadLock]:
        """Lock, one by one, the images whose holders have ended. Raises Unavailable."""
        for path in sorted(self._directory.iterdir()):
            lock = self.acquire(path.name)
            if lock is not None:
                yield lock

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_file_at(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
