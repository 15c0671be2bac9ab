"""Bulk creation of image records from JSON lines of Image API documents."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from glimpse.embedded.catalog import Members
from glimpse.embedded.service import EmbeddedImageService
from glimpse.image_api.bulk_documents import parse_record
from glimpse.images import Image
from glimpse.images.errors import Invalid

IN_ONE_TRANSACTION = 10_000
LONGEST_LINE = 16 * 1024 * 1024  # bytes: more than the largest image has, however it is escaped


class BadRecord(Invalid):
    """A record that cannot be loaded: the message says why, `kept` how many before it were."""

    def __init__(self, reason: str, kept: int) -> None:
        super().__init__(reason)
        self.kept = kept


class JsonLines:
    """Documents of a stream of lines; counts what has been read. Blank lines count as lines only.

    Iterating raises Invalid for a line that is too long or not JSON.
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
        """How many bytes there are to read, None where only the end will tell (a pipe)."""
        size = os.fstat(self._stream.fileno()).st_size
        return size or None


async def load(
    service: EmbeddedImageService,
    documents: Iterable[object],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Create the images that the documents describe, with their ids, dates, owners and statuses.

    See `loadable.parse_record` for what a document is; an image with the same id is replaced. Every
    10,000 records are a transaction: all of them are loaded, or none. `progress` is called with
    the number of each. Returns how many there were; raises BadRecord as soon as one is found.
    """
    count = 0
    for batch in _transactions(documents):
        await service.put(batch)
        count += len(batch)
        progress(len(batch))
    return count


def _transactions(documents: Iterable[object]) -> Iterator[list[tuple[Image, Members]]]:
    kept = 0
    batch: list[tuple[Image, Members]] = []
    try:
        for document in documents:
            batch.append(parse_record(document))
            if len(batch) == IN_ONE_TRANSACTION:
                yield batch
                kept += len(batch)
                batch = []
    except Invalid as error:
        raise BadRecord(str(error), kept) from None
    if batch:
        yield batch
