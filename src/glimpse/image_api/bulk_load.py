"""Bulk load: create many image records from a file with one JSON document in each line."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from glimpse.embedded.catalog import Members
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.service import EmbeddedImageService
from glimpse.image_api.bulk_documents import parse_image_and_members
from glimpse.images import Image
from glimpse.images.errors import Invalid

BATCH_SIZE = 10_000  # records in a transaction
MAX_LINE_BYTES = 16 * 1024 * 1024  # bytes: more than the largest image has in any JSON notation


class BadDocument(Invalid):
    """A document is invalid, so loading has stopped. The message says why.

    `loaded_count` images have been stored: the images of all earlier batches.
    """

    def __init__(self, reason: str, loaded_count: int) -> None:
        super().__init__(reason)
        self.loaded_count = loaded_count


class JsonLines:
    """Iterates over the JSON documents in a stream with one document in each line.

    A line may also be a whole response of ``GET /v2/images``; each image in it is a document then.
    Blank lines are skipped. `line` and `bytes` count the lines and bytes that have been read.
    `next_page` is the link to the next page in the last line that was read; None if that line has
    no such link. Iterating raises Invalid if a line is not JSON, or has more than 16 MiB, with the
    line end. The caller closes the stream.
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
        """Yield the document in a line, or each image if the line is a list of images.

        Raises Invalid if the line is not JSON.
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


async def load(
    service: EmbeddedImageService,
    documents: Iterable[object],
    progress: Callable[[int], None] = lambda _: None,
    check: Callable[[Image], object] = lambda _: None,
) -> int:
    """Create the images that `documents` describe; return the number of images.

    `parse_image_and_members` describes the format of a document. Ids, dates, owners and statuses
    are kept. An existing image with the same id is replaced. No permission is checked. `check` is
    called with each image, and may raise Invalid to refuse the image.

    Each batch of 10,000 images is stored whole or not at all. After a batch has been stored,
    `progress` is called with the number of images in the batch. Raises BadDocument if a document is
    invalid, or if `documents` or `check` raises Invalid; the current batch is not stored. Raises
    Unavailable if the catalog cannot be written. Batches that were stored before an error are kept.
    """
    count = 0
    for batch in _batches(documents, service.image_formats, check):
        await service.put(batch)
        count += len(batch)
        progress(len(batch))
    return count


def _batches(
    documents: Iterable[object], formats: ImageFormats, check: Callable[[Image], object]
) -> Iterator[list[tuple[Image, Members]]]:
    """Yield the images and their members in lists of BATCH_SIZE; the last may be shorter.

    Raises BadDocument if a document is invalid, or if `documents` or `check` raises Invalid.
    """
    loaded_count = 0
    batch: list[tuple[Image, Members]] = []
    try:
        for document in documents:
            image, members = parse_image_and_members(document, formats)
            check(image)
            batch.append((image, members))
            if len(batch) == BATCH_SIZE:
                yield batch
                loaded_count += len(batch)
                batch = []
    except Invalid as error:
        raise BadDocument(str(error), loaded_count) from None
    if batch:
        yield batch
