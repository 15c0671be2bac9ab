"""ImageStore: the bytes of images, in a directory.

obstore writes to a temporary name and renames, so a file that is visible is whole.
"""

import asyncio
import errno
import glob
import hashlib
import logging
import os
import re
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from glimpse.embedded.virtual_size import HEAD
from glimpse.images.errors import ImageServiceError, NotFound, ServiceError, Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

# Bytes that are read and written at once: each client that is slow to take its data holds as many.
_PIECE = 128 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_log_unreadable = ThrottledErrorLog(logging.getLogger(__name__))
_log_unwritable = ThrottledErrorLog(logging.getLogger(__name__))


class NoData(NotFound):
    """The image exists and has no data (yet)."""


class StorageFull(ServiceError):
    """There is no room for the data."""


class DataTooLarge(ImageServiceError):
    """The data is larger than an image's may be."""


class Stored(NamedTuple):
    """What came of an upload: size in bytes, digests in hexadecimal, and how the data begins."""

    size: int
    checksum: str
    os_hash_value: str
    head: bytes


class ImageData(NamedTuple):
    """The data of one image, to be read in parts; `size` in bytes, `checksum` an md5."""

    size: int
    checksum: str | None
    path: Path

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Open the data; return the bytes from `start` up to `end` (None: to the last), in pieces.

        Once it is open, it is read to its end whoever deletes the image, and memory holds one
        piece. Raises NoData, and Unavailable where the store cannot be read; the iterator raises
        Unavailable likewise, and where the store has less than it was given.
        """
        end = self.size if end is None else end
        if start >= end:
            return _nothing()
        try:
            file = await asyncio.to_thread(self.path.open, "rb", buffering=0)
        except FileNotFoundError:
            raise NoData("The image has been deleted.") from None
        except OSError as error:
            raise self._unreadable(error) from None
        return self._pieces(file, start, end)

    async def _pieces(self, file: FileIO, start: int, end: int) -> AsyncIterator[bytes]:
        # Not through obstore, which never ends with a file that is shorter than it was.
        try:
            with file:
                while start < end:
                    size = min(_PIECE, end - start)
                    piece = await asyncio.to_thread(os.pread, file.fileno(), size, start)
                    if not piece:
                        raise self._unreadable(EOFError(f"{end - start} bytes are missing"))
                    start += len(piece)
                    yield piece
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> Unavailable:
        _log_unreadable("data of image %s cannot be read: %s", self.path.name, _first_line(error))
        return Unavailable("The image storage media cannot be read.")


class ImageStore:
    """Image data by image id."""

    def __init__(self, directory: Path, size_cap: int) -> None:
        """`size_cap` is the most bytes that an image may have."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._size_cap = size_cap
        self._directory = directory
        self._store = LocalStore(directory)

    async def put(self, image_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Store the chunks; the digests are made on the way, memory holds a few megabytes.

        An exception of `chunks` is raised again and leaves nothing behind, as do DataTooLarge,
        StorageFull and Unavailable. The data is on the disk when this returns.
        """
        self._check_directory()
        md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
        size = 0
        head = bytearray()
        failure: list[BaseException] = []

        async def digested() -> AsyncIterator[bytes]:
            nonlocal size
            try:
                async for chunk in chunks:
                    md5.update(chunk)
                    sha512.update(chunk)
                    size += len(chunk)
                    head.extend(chunk[: HEAD - len(head)])
                    if size > self._size_cap:
                        raise DataTooLarge(  # noqa: TRY301  it is to end the upload, as all others
                            f"The data of an image may have at most {self._size_cap} bytes."
                        )
                    if chunk:
                        yield chunk
            except GeneratorExit:
                raise  # the store has failed, and wants no more
            except BaseException as error:
                failure.append(error)
                raise

        try:
            await obstore.put_async(
                self._store,
                image_id,
                digested(),
                chunk_size=_PIECE,
                use_multipart=True,
                max_concurrency=1,
            )
            await asyncio.to_thread(self._sync, image_id)
        except (BaseError, OSError) as error:
            raise failure[0] if failure else _not_written(error) from None
        return Stored(size, md5.hexdigest(), sha512.hexdigest(), bytes(head))

    def open(self, image_id: str, size: int, checksum: str | None) -> ImageData | None:
        """The data of an image, None when there is none. Raises Unavailable without a directory."""
        if not self.has(image_id):
            self._check_directory()
            return None
        return ImageData(size, checksum, self._directory / image_id)

    def has(self, image_id: str) -> bool:
        """Whether there is any data of an image."""
        return (self._directory / image_id).is_file()

    def _check_directory(self) -> None:
        """Raise Unavailable if the directory is gone: obstore would make another one.

        It may be a file system that is not mounted, with the data of other images on it.
        """
        if not self._directory.is_dir():
            _log_unreadable("image data cannot be used: %s is gone", self._directory)
            raise Unavailable("The image storage media cannot be used.")

    async def delete(self, image_id: str) -> None:
        """Remove the data of an image, if there is any. Raises Unavailable or StorageFull."""
        path = self._directory / image_id
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            raise _not_written(error) from None

    async def delete_unfinished(self, image_id: str) -> None:
        """Remove what an upload left that ended with its process; nobody may be uploading now.

        Raises Unavailable or StorageFull.
        """

        def unlink() -> None:
            for path in self._directory.glob(f"{glob.escape(image_id)}#*"):  # as obstore names them
                path.unlink(missing_ok=True)

        try:
            await asyncio.to_thread(unlink)
        except OSError as error:
            raise _not_written(error) from None

    def _sync(self, image_id: str) -> None:
        for path in (self._directory / image_id, self._directory):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _not_written(error: Exception) -> ServiceError:
    """What a client is told of an error of the store, whose own words, with paths, are logged."""
    matched = _OS_ERROR.search(str(error))
    number = error.errno if isinstance(error, OSError) else matched and int(matched[1])
    _log_unwritable("image data cannot be written: %s", _first_line(error))
    if number in _FULL:
        return StorageFull("There is not enough space on the image storage media.")
    return Unavailable("The image storage media cannot be written.")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
