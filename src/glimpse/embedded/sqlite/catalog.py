"""SQLiteCatalog: the records of images in one file that the worker processes of a machine share.

Short reads run where they are called, in microseconds; long ones in threads, in steps; writes go
through `WriterThread`, several in one transaction. Acknowledged means committed and synced (WAL,
synchronous=FULL).
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

from glimpse.embedded.catalog import Change, Check, Members, Record
from glimpse.embedded.query_matching import listing_rule
from glimpse.embedded.sqlite.bulk_load import Batches, distinct
from glimpse.embedded.sqlite.filtered_scan import Place, Search, is_short
from glimpse.embedded.sqlite.image_records import ImageRecords
from glimpse.embedded.sqlite.query_conditions import in_usual_order
from glimpse.embedded.sqlite.read_cache import Step
from glimpse.embedded.sqlite.reader_threads import Readers
from glimpse.embedded.sqlite.schema import connect
from glimpse.embedded.sqlite.writer_thread import Writer
from glimpse.images import Caller, Image, ImageQuery, Page
from glimpse.images.errors import Conflict, ImageNotFound, Unavailable

_PAGE = 200  # images: more would keep the event loop from others for too long
_SORTED_AT_ONCE = 1000  # the Image API's largest limit: each sort looks at everything in scope
_LARGEST_SLICE = 1000  # what is found is checked on the event loop, 2 µs each


class SQLiteCatalog:
    """The Catalog of one machine; see `Catalog`."""

    @classmethod
    def open(cls, path: Path) -> "SQLiteCatalog":
        """Open the file, made or migrated first if need be. Raises UnusableCatalog."""
        return cls(path)

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        path.chmod(0o600)
        self._records = ImageRecords(self._connection)
        self._readers = Readers(path)
        self._writer = Writer(connect(path))

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """See Catalog."""
        with _READING:
            return _record(self._records, image_id, project_id)

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """See Catalog."""
        if is_short(caller, query):
            return self._scan(caller, query, marker)
        return self._search(caller, query, marker)

    async def _scan(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Pages of the listing, read right here."""
        place = self._records.place(marker) if marker is not None else None
        count = _first_step(query, _PAGE)
        while True:
            with _READING:
                step = self._step(caller, query, place, count)
            place = step.place
            yield Page(step.images, last=place is None)
            if place is None:
                return
            # Of large images come fewer than asked for.
            count = _PAGE if step.rows == count else min(2 * step.rows, _PAGE)
            await asyncio.sleep(0)  # others get their turn between pages

    def _step(self, caller: Caller, query: ImageQuery, place: Place | None, count: int) -> Step:
        recent = self._records.recent
        recent.refresh()
        asked = (caller.project_id, caller.is_admin, query, place, count)
        step = recent.steps.get(asked)
        if step is None:
            rows, places, last = self._records.page(caller, query, place, count)
            is_listed = listing_rule(caller, query)
            images = [row.image for row in rows if is_listed(row.image)]
            step = Step(images, len(places), None if last else places[-1])
            recent.add_step(asked, step)
        return step

    async def _search(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Pages that other threads look for."""
        while (few := await self._readers.run(Search.few, caller, query, marker)) is not None:
            for page in _divided(few.images, last=few.last is None):
                yield page
            if few.last is None:
                return
            marker = few.last
        steps = self._slices if in_usual_order(query) else self._sorted
        async with aclosing(steps(caller, query, marker)) as pages:
            async for page in pages:
                yield page

    async def _sorted(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        is_listed = listing_rule(caller, query)
        count = _first_step(query, _SORTED_AT_ONCE)
        while True:
            found, last = await self._readers.run(Search.best, caller, query, marker, count)
            for page in _divided([each for each in found if is_listed(each)], last=last is None):
                yield page
            if last is None:
                return
            marker, count = last, _SORTED_AT_ONCE

    async def _slices(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        is_listed = listing_rule(caller, query)
        place: Place | None = self._records.place(marker) if marker is not None else None
        count = _first_step(query, _PAGE)
        while True:
            found, place = await self._readers.run(Search.slice, caller, query, place, count)
            for page in _divided([each for each in found if is_listed(each)], last=place is None):
                yield page
            if place is None:
                return
            # Where hardly anything matches, the next step looks further.
            count = _PAGE if 2 * len(found) > count else min(4 * count, _LARGEST_SLICE)

    async def insert(self, image: Image) -> None:
        """See Catalog."""

        def insert(records: ImageRecords) -> None:
            if records.exists(image.id):
                raise Conflict(f"Image ID {image.id} already exists!")
            records.insert(image)

        await self._writer.write(insert)

    async def update(self, image_id: str, project_id: str | None, change: Change) -> Image:
        """See Catalog."""

        def update(records: ImageRecords) -> Image:
            record = _existing(records, image_id, project_id)
            after = change(record)
            if after != record.image:
                records.replace(record.image, after)
            return after

        return await self._writer.write(update)

    async def delete(self, image_id: str, project_id: str | None, check: Check) -> None:
        """See Catalog."""

        def delete(records: ImageRecords) -> None:
            record = _existing(records, image_id, project_id)
            check(record)
            records.delete(record.image)

        await self._writer.write(delete)

    async def set_member(
        self, image_id: str, project_id: str | None, check: Check, member: tuple[str, str, str]
    ) -> None:
        """See Catalog."""

        def set_member(records: ImageRecords) -> None:
            record = _existing(records, image_id, project_id)
            check(record)
            records.set_member(record.image, *member)

        await self._writer.write(set_member)

    async def put_many(self, records: Iterable[tuple[Image, Members]]) -> None:
        """See Catalog."""
        await self._put(distinct(records))

    async def put_batches(
        self, batches: Iterable[Sequence[tuple[Image, Members]]], stored: Callable[[int], None]
    ) -> None:
        """See Catalog. While one is written, the next is prepared, and the one after it is read."""
        async with aclosing(Batches(self._put, stored)) as put:
            for batch in batches:
                await put.add(batch)

    async def _put(
        self, records: Sequence[tuple[Image, Members]], rows: Sequence[int] | None = None
    ) -> None:
        """Store records of different ids; `rows` as `ImageRecords.insert_many` has them."""

        def put(stored: ImageRecords) -> None:
            for before in stored.existing([image.id for image, _ in records]):
                stored.delete(before)
            stored.insert_many(records, rows)

        await self._writer.write(put)

    async def close(self) -> None:
        """See Catalog."""
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._readers.close)
        self._connection.close()


class _Reading:
    """Raises Unavailable for an error of SQLite; `contextmanager` would cost twice as much."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise Unavailable(f"The catalog cannot be read: {error}") from None


_READING = _Reading()


def _record(records: ImageRecords, image_id: str, project_id: str | None) -> Record | None:
    image = records.get(image_id)
    if image is None:
        return None
    if image.visibility == "shared" and project_id not in (None, image.owner):
        return Record(image, records.member_status(image.id, project_id))
    return Record(image)


def _existing(records: ImageRecords, image_id: str, project_id: str | None) -> Record:
    record = _record(records, image_id, project_id)
    if record is None:
        raise ImageNotFound(image_id)
    return record


def _first_step(query: ImageQuery, most: int) -> int:
    """How many images to look at first: one more than wanted shows whether there is a further."""
    return most if query.limit is None else min(most, query.limit + 1)


def _divided(images: Sequence[Image], *, last: bool) -> Iterator[Page]:
    """The images as pages, at least one."""
    for start in range(0, max(len(images), 1), _PAGE):
        end = start + _PAGE
        yield Page(images[start:end], last=last and end >= len(images))
