"""Bulk load: create image records from JSON lines of Image API documents."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from glimpse.embedded.catalog import Members
from glimpse.embedded.service import EmbeddedImageService
from glimpse.image_api.bulk_documents import parse_record
from glimpse.images import Image
from glimpse.images.errors import Invalid

BATCH_SIZE = 10_000  # records in a transaction
LONGEST_LINE = 16 * 1024 * 1024  # bytes: more than the largest image has in any JSON notation


class BadRecord(Invalid):
    """A record cannot be loaded; the message says why.

    `loaded_count` is the number of records that were loaded before.
    """

    def __init__(self, reason: str, loaded_count: int) -> None:
        super().__init__(reason)
        self.loaded_count = loaded_count


class JsonLines:
    """The JSON documents in the lines of a stream; blank lines are skipped.

    `line` and `bytes` count what has been read. Iterating raises Invalid for a line that has more
    than LONGEST_LINE bytes or is not JSON.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.line = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[Any]:
        while line := self._stream.readline(LONGEST_LINE + 1):
            self.line += 1
            self.bytes += len(line)
            if len(line) > LONGEST_LINE:
                raise Invalid(f"it has more than {LONGEST_LINE} bytes.")
            if not line.isspace():
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise Invalid(f"it is not JSON: {error}.") from None

    @property
    def total(self) -> int | None:
        """The size of the stream in bytes; None if it is not known (a pipe)."""
        size = os.fstat(self._stream.fileno()).st_size
        return size or None


async def load(
    service: EmbeddedImageService,
    documents: Iterable[object],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Create the images that the documents describe (see `parse_record`); return how many.

    Ids, dates, owners and statuses are kept, and images with the same ids are replaced. Each batch
    of 10,000 records is loaded whole or not at all; `progress` is called with its size when it is
    on the disk. Raises BadRecord for a document that is no image, whose batch is not loaded, and
    Unavailable.
    """
    count = 0
    for batch in _batches(documents):
        await service.put(batch)
        count += len(batch)
        progress(len(batch))
    return count


def _batches(documents: Iterable[object]) -> Iterator[list[tuple[Image, Members]]]:
    loaded_count = 0
    batch: list[tuple[Image, Members]] = []
    try:
        for document in documents:
            batch.append(parse_record(document))
            if len(batch) == BATCH_SIZE:
                yield batch
                loaded_count += len(batch)
                batch = []
    except Invalid as error:
        raise BadRecord(str(error), loaded_count) from None
    if batch:
        yield batch
