"""LoadFile: reads the file of `glimpse load`, which has one JSON document in each line."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from glimpse.images.errors import Invalid

MAX_LINE_BYTES = 16 * 1024 * 1024  # bytes: more than the largest image has in any JSON notation


class LoadFile:
    """Iterates over the JSON documents in a stream with one document in each line.

    If a line is a whole response of ``GET /v2/images``, yields each image of the response. Blank
    lines are skipped. `line` and `bytes` count the lines and bytes that have been read. `next_page`
    is the link to the next page in the last line that was not blank; None if that line has no such
    link.

    Raises Invalid if a line is not JSON, or has more than 16 MiB including its end. `line` is then
    the number of that line, from 1. Raises OSError if the stream cannot be read. The caller closes
    the stream.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.line = 0
        self.bytes = 0
        self.next_page: str | None = None

    def __iter__(self) -> Iterator[Any]:
        while line := self._stream.readline(MAX_LINE_BYTES + 1):
            self.line += 1
            self.bytes += len(line)
            if len(line) > MAX_LINE_BYTES:
                raise Invalid(f"it has more than {MAX_LINE_BYTES} bytes.")
            if not line.isspace():
                yield from self._documents(line)

    def _documents(self, line: bytes) -> Iterator[Any]:
        """Yield the document in a line, or the images in a response of ``GET /v2/images``.

        A response is an object that has a list ``images`` and no ``id``. Sets `next_page` to the
        link ``next`` of a response; None if the line has none. Raises Invalid if the line is not
        JSON.
        """
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise Invalid(
                f"it is not JSON: {error}; each line has to be a whole document."
            ) from None
        self.next_page = None
        images = document.get("images") if isinstance(document, dict) else None
        if isinstance(images, list) and "id" not in document:
            link = document.get("next")
            self.next_page = link if isinstance(link, str) else None
            yield from images
        else:
            yield document

    @property
    def total(self) -> int | None:
        """The size of the whole file in bytes; None for a pipe or an empty file.

        Raises OSError if the stream has no file descriptor.
        """
        size = os.fstat(self._stream.fileno()).st_size
        return size or None
