"""DirectoryStore: image data, one file for each image in a directory.

The files are written and read in threads. obstore is not used because it needs more CPU time (1.54
instead of 1.40 s for an upload of 256 MB) and some megabytes more of memory.
"""

import asyncio
import contextlib
import errno
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from io import BufferedWriter
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from glimpse.embedded.data_digests import DataDigests
from glimpse.embedded.format_inspection import FoundFormat, inspect_formats
from glimpse.embedded.image_data import CHUNK_SIZE, ImageData
from glimpse.embedded.uncancelled_writes import complete_undoing
from glimpse.files.syncing import sync_directory, sync_file
from glimpse.images.errors import ImageServiceError, ServiceError, Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_log_missing = ThrottledErrorLog(logging.getLogger(__name__))
_log_unwritable = ThrottledErrorLog(logging.getLogger(__name__))


class StorageFull(ServiceError):
    """No space is left: the disk is full, or a disk quota or a file size limit is reached."""


class DataTooLarge(ImageServiceError):
    """The data has more bytes than an image may have."""


class StoredData(NamedTuple):
    """What was uploaded: the size in bytes, digests in hexadecimal, and the formats found.

    `checksum` is the MD5 digest, `os_hash_value` the SHA-512 digest. `formats` is the result of
    `inspect_formats`.
    """

    size: int
    checksum: str
    os_hash_value: str
    formats: Sequence[FoundFormat]


class DirectoryStore:
    """Stores the data of each image as a file in a directory. The image's id is the file name.

    Incomplete data is never read, because a file has a temporary name until its upload is complete.
    "On the disk" means that the data is synced; if syncing is off for the state directory
    (`files.syncing`), it only means that the data is written. Errors of the disk are logged, each
    kind at most once a minute.
    """

    def __init__(self, directory: Path, size_cap: int) -> None:
        """Create the directory with mode 0700 if necessary. Raises OSError if that fails.

        The data of an image may have at most `size_cap` bytes.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._size_cap = size_cap
        self.directory = directory

    async def put(self, image_id: str, chunks: AsyncIterator[bytes]) -> StoredData:
        """Store the data that `chunks` yields; return when the data is on the disk.

        Replaces older data. The caller must make sure that only one upload of an image runs at a
        time. The memory that is needed depends on the size of a chunk, but not on the size of the
        data.

        Raises DataTooLarge for more than `size_cap` bytes; StorageFull; Unavailable if the
        directory is missing or cannot be written; and what `chunks` raises. An error or a
        cancellation removes all data of the image, even older data, unless the files cannot be
        removed.
        """
        self._check_directory()
        upload = _UploadFile(self.directory / image_id, self._temporary(image_id))
        try:
            async for piece in _join_chunks(chunks, self._size_cap):
                await _in_thread(upload.write, piece)
            return await _in_thread(upload.finish)
        except BaseException as error:
            await complete_undoing(asyncio.to_thread(upload.abort), error)
            raise

    def _temporary(self, image_id: str) -> Path:
        return self.directory / f"{image_id}#1"

    def find_data(self, image_id: str, size: int, checksum: str | None) -> ImageData | None:
        """Return an object that reads an image's data; None if no data is stored.

        The file is opened by `ImageData.read`. `size` (in bytes) and `checksum` are those in the
        catalog: the returned object has them, and they are not compared with the file. Raises
        Unavailable if the directory of the store does not exist.
        """
        if not self.has(image_id):
            self._check_directory()
            return None
        return ImageData(size, checksum, self.directory / image_id)

    def has(self, image_id: str) -> bool:
        """Return True if the image's data is stored; False also if the directory is missing.

        At the end of an upload, the result is True shortly before the data is on the disk.
        """
        return (self.directory / image_id).is_file()

    def _check_directory(self) -> None:
        """Raise Unavailable if the directory is missing, for example because it is not mounted.

        Also logs this error, at most once a minute.
        """
        if not self.directory.is_dir():
            _log_missing(
                "image data cannot be used: %s does not exist; mount or restore it", self.directory
            )
            raise Unavailable("The image storage media cannot be used.")

    async def delete(self, image_id: str) -> None:
        """Remove the data of an image. Do nothing if there is none, or if there is no directory.

        The removal is not synced: after a crash of the machine, the data may be there again. Raises
        Unavailable or StorageFull if the disk cannot be written.
        """
        await _in_thread((self.directory / image_id).unlink, missing_ok=True)

    async def delete_unfinished(self, image_id: str) -> None:
        """Remove the temporary file that an interrupted upload left, if there is one.

        The caller must make sure that no upload of the image runs. The removal is not synced.
        Raises Unavailable or StorageFull if the disk cannot be written.
        """
        await _in_thread(self._temporary(image_id).unlink, missing_ok=True)


class _UploadFile:
    """A file that is being uploaded. All methods block, so call them in threads.

    A lock keeps `abort` from running while the thread of a cancelled task is still writing.
    """

    def __init__(self, path: Path, temporary: Path) -> None:
        self._path = path
        self._temporary = temporary
        self._state_dir = path.parent.parent
        self._lock = threading.Lock()
        self._digests = DataDigests()
        self._size = 0
        self._file: BufferedWriter | None = None
        self._is_aborted = False

    def write(self, data: bytes) -> None:
        """Append data; the first call creates the file.

        Raises OSError if the disk cannot be written, or if `abort` was called before. The caller
        must call `abort` after an error.
        """
        with self._lock:
            self._digests.update(data)
            self._size += len(data)
            self._open_once().write(data)

    def finish(self) -> StoredData:
        """Give the file its final name; return when the data and the name are on the disk.

        Closes the file. Without a call of `write`, the file is empty. If the machine crashes before
        `finish` returns, the file with the final name may be incomplete; CrashRecovery removes it
        at the next start. Raises OSError if the disk cannot be written, or if `abort` was called
        before. The caller must call `abort` after an error.
        """
        with self._lock, self._open_once() as file:
            file.flush()
            formats = inspect_formats(os.fdopen(file.fileno(), "rb", closefd=False))
            self._temporary.rename(self._path)
            sync_file(file.fileno(), self._state_dir)
        sync_directory(self._path.parent, self._state_dir)
        digests = self._digests
        return StoredData(self._size, digests.checksum, digests.os_hash_value, formats)

    def _open_once(self) -> BufferedWriter:
        """Return the open file; the first call creates the file, or empties an older one.

        Raises OSError if the file cannot be created, or if `abort` was called before.
        """
        if self._is_aborted:
            raise OSError(errno.ECANCELED, "the upload was aborted")
        if self._file is None:
            descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(descriptor, "wb")
        return self._file

    def abort(self) -> None:
        """Close the file, and remove its temporary name and its final name. Ignores OSError.

        Waits until a call of `write` or `finish` that is running has ended. Later calls of
        `write` and `finish` raise OSError.
        """
        with self._lock, contextlib.suppress(OSError):
            self._is_aborted = True
            if self._file is not None:
                self._file.close()
        for path in (self._temporary, self._path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


async def _join_chunks(chunks: AsyncIterator[bytes], size_cap: int) -> AsyncIterator[bytes]:
    """Yield the chunks, joined to pieces of at least 128 KiB; the last piece may be shorter.

    Yields nothing if there are no bytes. Raises DataTooLarge as soon as there are more than
    `size_cap` bytes; pieces may have been yielded before. Raises what `chunks` raises.
    """
    size = 0
    waiting: list[bytes] = []
    waiting_size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > size_cap:
            raise DataTooLarge(f"The data of an image may have at most {size_cap} bytes.")
        waiting.append(chunk)
        waiting_size += len(chunk)
        if waiting_size >= CHUNK_SIZE:
            yield b"".join(waiting)
            waiting, waiting_size = [], 0
    if waiting_size:
        yield b"".join(waiting)


async def _in_thread(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Call a function that writes files, in a thread; return its result.

    If the function raises OSError, logs the error and raises the error of `_write_error`:
    StorageFull or Unavailable. Other errors of the function are raised as they are. If the task is
    cancelled, the thread goes on.
    """
    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except OSError as error:
        raise _write_error(error) from None


def _write_error(error: OSError) -> ServiceError:
    """Log why writing failed, at most once a minute; return the error to raise.

    The result is StorageFull if the disk is full, or if a disk quota or a file size limit is
    reached. Otherwise the result is Unavailable. The message of the result does not have the path.
    """
    _log_unwritable("image data cannot be written, check disk space and permissions: %s", error)
    if error.errno in _FULL:
        return StorageFull("There is not enough space on the image storage media.")
    return Unavailable("The image storage media cannot be written.")
