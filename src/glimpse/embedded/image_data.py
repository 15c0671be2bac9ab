"""ImageData: reads the data of one image from its file."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from glimpse.images.errors import NotFound, Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

# Bytes that are read or written at once. Each upload and each download holds one piece in memory.
CHUNK_SIZE = 128 * 1024
_log_unreadable = ThrottledErrorLog(logging.getLogger(__name__))


class NoData(NotFound):
    """The image has no data, or its data was removed before the data could be opened."""


class ImageData(NamedTuple):
    """Reads the data of one image. `size` is in bytes.

    `checksum` is the MD5 digest in hexadecimal; None if it is unknown. `path` is the file.
    """

    size: int
    checksum: str | None
    path: Path

    async def read(self, start: int = 0, end: int | None = None) -> "DataPieces":
        """Open the file; return an iterator over the bytes from `start` to `end` (exclusive).

        If `end` is None, the range ends at `size`. If the range is empty, no file is opened. If the
        file is shorter than the range, the iterator yields what the file has, and then raises
        Unavailable.

        Once `read` has returned, all bytes can be read even if the image is deleted. The caller has
        to call `aclose` of the iterator if it stops before the end. If `read` is cancelled, no file
        stays open. Raises NoData if the file does not exist, for example because the image has
        been deleted. Raises Unavailable if the file cannot be opened, and logs why at most once a
        minute.
        """
        end = self.size if end is None else end
        if start >= end:
            return DataPieces(None, self.path, start, end)
        opening = asyncio.ensure_future(asyncio.to_thread(self.path.open, "rb", buffering=0))
        try:
            file = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        except FileNotFoundError:
            raise NoData("The image has been deleted.") from None
        except OSError as error:
            raise _read_error(self.path, error) from None
        return DataPieces(file, self.path, start, end)


class DataPieces(AsyncIterator[bytes]):
    """Iterator over a range of an image's data, in pieces of at most 128 KiB.

    Raises Unavailable if reading fails or if the file ends before the range does. Logs why at most
    once a minute. Closes the file at the end of the iteration, after an error, and in `aclose`.
    """

    def __init__(self, file: FileIO | None, path: Path, start: int, end: int) -> None:
        """`file` is the open file `path`; None if the range from `start` to `end` is empty."""
        self._file = file
        self._path = path
        self._start = start
        self._end = end

    async def __anext__(self) -> bytes:
        """Return the next piece; raise StopAsyncIteration after the last.

        Raises Unavailable if reading fails, or if the file ends before the range does. Before
        raising one of these errors, closes the file. If the call is cancelled, the file stays open
        until `aclose`.
        """
        if self._file is None or self._start >= self._end:
            await self.aclose()
            raise StopAsyncIteration
        size = min(CHUNK_SIZE, self._end - self._start)
        try:
            piece = await asyncio.to_thread(os.pread, self._file.fileno(), size, self._start)
        except OSError as error:
            await self.aclose()
            raise _read_error(self._path, error) from None
        if not piece:
            await self.aclose()
            missing = self._end - self._start
            raise _read_error(self._path, EOFError(f"{missing} bytes are missing"))
        self._start += len(piece)
        return piece

    async def aclose(self) -> None:
        """Close the file. The iterator then ends. Can be called several times."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _close_opened(opening: "asyncio.Future[FileIO]") -> None:
    """Close the file that was opened for a task which was cancelled in the meantime.

    Do nothing if the file could not be opened.
    """
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _read_error(path: Path, error: Exception) -> Unavailable:
    """Log why reading failed, at most once a minute; return the Unavailable to raise.

    The message of the returned error does not have the path.
    """
    _log_unreadable("data of image %s cannot be read: %s", path.name, error)
    return Unavailable("The image storage media cannot be read.")
