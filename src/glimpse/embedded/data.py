"""ImageStore: the bytes of images, in a directory, through obstore's interface.

obstore writes to a temporary name and renames, so a file that is visible is whole. S3 and others
are the same calls on another store.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.store import LocalStore

_PIECE = 1024 * 1024


class Stored(NamedTuple):
    """What came of an upload: size in bytes, and the digests in hexadecimal."""

    size: int
    checksum: str
    os_hash_value: str


class ImageData(NamedTuple):
    """The data of one image, to be read in parts; `size` in bytes, `checksum` an md5."""

    size: int
    checksum: str | None
    path: str
    store: LocalStore

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end` (None: to the last)."""
        end = self.size if end is None else end
        if start >= end:
            return
        answer = await obstore.get_async(self.store, self.path, options={"range": (start, end)})
        async for piece in answer.stream(min_chunk_size=_PIECE):
            yield bytes(piece)


class ImageStore:
    """Image data by image id."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._store = LocalStore(directory)

    async def put(self, image_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Store the chunks; the digests are made on the way, memory holds a few megabytes.

        An exception of `chunks` is raised again and leaves nothing behind. The data is on the disk
        when this returns.
        """
        md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
        size = 0
        failure: list[BaseException] = []

        async def digested() -> AsyncIterator[bytes]:
            nonlocal size
            try:
                async for chunk in chunks:
                    md5.update(chunk)
                    sha512.update(chunk)
                    size += len(chunk)
                    if chunk:
                        yield chunk
            except BaseException as error:
                failure.append(error)
                raise

        try:
            await obstore.put_async(
                self._store, image_id, digested(), chunk_size=_PIECE, use_multipart=True
            )
        except Exception:
            if failure:
                raise failure[0] from None
            raise
        await asyncio.to_thread(self._sync, image_id)
        return Stored(size, md5.hexdigest(), sha512.hexdigest())

    def open(self, image_id: str, size: int, checksum: str | None) -> ImageData | None:
        """The data of an image, None when there is none."""
        if not (self._directory / image_id).is_file():
            return None
        return ImageData(size, checksum, image_id, self._store)

    async def delete(self, image_id: str) -> None:
        """Remove the data of an image, if there is any."""
        path = self._directory / image_id
        await asyncio.to_thread(path.unlink, missing_ok=True)

    def _sync(self, image_id: str) -> None:
        for path in (self._directory / image_id, self._directory):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
