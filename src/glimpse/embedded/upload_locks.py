"""UploadLocks: allow one upload of an image at a time, and find interrupted uploads.

The lock of an image is a file with the image's id as the name, locked with flock. When a process
ends, the operating system unlocks the file but does not remove it. So a file that is not locked
means that an upload was interrupted.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from glimpse.files.syncing import sync_directory
from glimpse.images.errors import Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class UploadLock(NamedTuple):
    """The lock of an image. At most one holder on the machine has the lock at a time.

    The holder must call `release` or `abandon`, and only once. `was_abandoned` is True if the file
    of the lock was there already: the previous holder called `abandon`, its process ended, or the
    file could not be removed. The image may then have incomplete data.
    """

    image_id: str
    path: Path
    descriptor: int
    was_abandoned: bool

    def release(self) -> None:
        """Unlock the image, and remove the lock's file.

        If the file cannot be removed, no error is raised, and the lock counts as abandoned: the
        next holder finds `was_abandoned` True.
        """
        try:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self.descriptor)

    def abandon(self) -> None:
        """Unlock the image, but keep the file.

        The next holder finds `was_abandoned` True, and has to remove incomplete data of the image.
        """
        os.close(self.descriptor)


class UploadLocks:
    """Makes the upload locks that all processes of a machine share, as files in a directory."""

    def __init__(self, directory: Path) -> None:
        """Create the directory with mode 0700 if necessary. Raises OSError if that fails."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def acquire(self, image_id: str) -> UploadLock | None:
        """Lock an image, and return the lock; return None at once if the image is locked already.

        The caller must call `release` or `abandon` of the lock, and only once. The file of the lock
        is on the disk when `acquire` returns, so the file survives a crash, except in a state
        directory without syncing (`files.syncing`). Blocks while the disk writes. Raises
        Unavailable if the file cannot be made: if the disk is full or read-only, for example, or
        the directory does not exist. Logs this error, at most once a minute.
        """
        try:
            return self._acquire(image_id)
        except OSError as error:
            _log_error(
                "uploads are refused: %s cannot be written, check disk space and permissions: %s",
                self._directory,
                error,
            )
            raise Unavailable("The image storage media cannot be written.") from None

    def _acquire(self, image_id: str) -> UploadLock | None:
        """Do what `acquire` does, but raise OSError if the disk cannot be written. Log nothing."""
        path = self._directory / image_id
        with self._locked_directory():
            exists, descriptor = _open_and_lock(path)
        if descriptor is None:
            return None
        try:
            sync_directory(self._directory, self._directory.parent)
        except OSError:
            os.close(descriptor)
            raise
        return UploadLock(image_id, path, descriptor, exists)

    @contextlib.contextmanager
    def _locked_directory(self) -> Iterator[None]:
        """Lock the directory, so that no process finds the file of a lock before it is locked.

        Such a file would count as abandoned. A file system that cannot lock directories, as with
        NFS, is used without this lock. Raises OSError if the directory cannot be opened.
        """
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def acquire_abandoned(self) -> Iterator[UploadLock]:
        """Lock each image whose lock was abandoned, and yield the locks, ordered by image id.

        A lock is abandoned if its holder's process ended or its holder called `abandon`. The caller
        must release or abandon each yielded lock, even if a later step raises an error. Images that
        are locked now are skipped. A lock that its holder releases at the same time may be yielded,
        too, with ``was_abandoned`` False. Blocks on the disk. Raises OSError if the directory
        cannot be read; Unavailable if it cannot be written.
        """
        for path in sorted(self._directory.iterdir()):
            lock = self.acquire(path.name)
            if lock is not None:
                yield lock


def _open_and_lock(path: Path) -> tuple[bool, int | None]:
    """Open and lock the file `path`; create the file if there is none.

    Returns whether the file existed, and its descriptor; None in place of the descriptor if the
    file is locked already. Raises OSError if the file cannot be made, or its directory is missing.
    """
    while True:
        exists = path.exists()
        try:
            flags = os.O_RDWR | os.O_CLOEXEC | (0 if exists else os.O_CREAT | os.O_EXCL)
            descriptor = os.open(path, flags, 0o600)
        except (FileExistsError, FileNotFoundError):
            if not path.parent.is_dir():
                raise
            continue  # another holder created or removed the file meanwhile
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return exists, None
        except OSError:  # the file system has no locks, or no more
            os.close(descriptor)
            raise
        if _is_file_at(path, descriptor):
            return exists, descriptor
        os.close(descriptor)  # the file was removed after it was opened


def _is_file_at(path: Path, descriptor: int) -> bool:
    """Return True if the open file is the file that has the name `path`; False without a file."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
