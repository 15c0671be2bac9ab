"""ListPages: read the pages of lists, on the event loop or in a thread."""

import asyncio
from collections.abc import AsyncGenerator

from glimpse.embedded.sqlite.catalog_failures import CheckedReads
from glimpse.embedded.sqlite.filtered_scan import FilteredScan, is_readable_from_index
from glimpse.embedded.sqlite.image_reader import ImageReader
from glimpse.embedded.sqlite.list_step import ListingPosition
from glimpse.embedded.sqlite.page_sizes import (
    MAX_STEP_ROWS,
    PAGE_IMAGES,
    first_count,
    next_count,
    split_into_pages,
)
from glimpse.embedded.sqlite.reader_threads import ReaderThreads
from glimpse.embedded.sqlite.sort_order import has_usual_order
from glimpse.images import Caller, Image, ImageQuery, Page

_MAX_WAITING = 10_000  # images of the large steps of all lists: some 30 MB at most


class ListPages:
    """Reads the pages of all lists of one catalog.

    At most 10,000 images of all lists together wait in memory for their page. `reader` and its
    connection are used on the event loop only.
    """

    def __init__(
        self, reader: ImageReader, reading: CheckedReads, reader_threads: ReaderThreads
    ) -> None:
        self._reader = reader
        self._reading = reading
        self._reader_threads = reader_threads
        self._waiting = 0  # images in memory that wait for their page

    def read(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query` and that `caller` can see, after the image `marker`.

        Reads a list that `is_readable_from_index` accepts on the event loop, and another list in a
        thread. `SQLiteCatalog.pages` describes the pages and the errors.
        """
        if is_readable_from_index(caller, query):
            return self._read_from_index(caller, query, marker)
        return self._read_by_scan(caller, query, marker)

    async def _read_from_index(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list for which `is_readable_from_index` is True.

        Reads on the event loop, which runs other tasks between two pages. Raises Unavailable if the
        file cannot be read, and after `CheckedReads.close`.
        """
        with self._reading:
            position = self._reader.listing_position(marker) if marker is not None else None
        count = first_count(query, PAGE_IMAGES)
        while True:
            with self._reading:
                images, position = self._reader.list_step(caller, query, position, count)
            page = [Page(images, is_last=position is None)]
            del images  # a slow client may take long to receive them
            yield page.pop()
            if position is None:
                return
            count = PAGE_IMAGES
            await asyncio.sleep(0)  # the event loop runs other tasks

    async def _read_by_scan(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list for which `is_readable_from_index` is False.

        A thread reads the list in steps. A step may find several pages. The pages after the first
        one wait in memory until they are yielded. At most 10,000 images of all lists together may
        wait. If a step would exceed this limit, only its first page is kept. The next step then
        reads the images after this page again.

        Raises Unavailable if the file cannot be read, if 500 reads are running or waiting, if no
        thread can be started, and if the threads are closed. Raises CancelledError if the threads
        are closed while a read waits.
        """
        cursor: Image | ListingPosition | None = marker
        # Each step of a sorted list reads all rows in scope, so the steps are large and few.
        count = first_count(query, PAGE_IMAGES if has_usual_order(query) else MAX_STEP_ROWS)
        while True:
            images, cursor = await self._reader_threads.run(
                FilteredScan.step, caller, query, cursor, count
            )
            count = next_count(query, count, len(images))
            waiting = max(0, len(images) - PAGE_IMAGES)
            if waiting and self._waiting + waiting > _MAX_WAITING:
                waiting = 0
                images = images[:PAGE_IMAGES]
                cursor = images[-1]
            pages = split_into_pages(images, is_last=cursor is None)
            del images
            self._waiting += waiting
            try:
                while pages:
                    yield pages.pop(0)
            finally:
                self._waiting -= waiting
            if cursor is None:
                return
