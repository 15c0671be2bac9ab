"""SQLiteCatalog: image records in a file that all worker processes of a machine use.

The event loop itself reads single images, and lists that the listing index alone answers. Such a
read takes microseconds. Threads read other lists (`ReaderThreads`). One thread makes all writes of
a process (`WriterThread`). A write returns when it is committed and synced to the disk.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from glimpse.embedded.catalog import (
    Change,
    Member,
    MemberChange,
    MemberOrNone,
    Members,
    Record,
    RecordCheck,
    UsageCheck,
)
from glimpse.embedded.sqlite.catalog_failures import CatalogFailures, CheckedReads
from glimpse.embedded.sqlite.connection import closed_on_failure
from glimpse.embedded.sqlite.filtered_scan import FilteredScan, is_readable_from_index
from glimpse.embedded.sqlite.image_reader import ImageReader
from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.embedded.sqlite.list_step import ListingPosition
from glimpse.embedded.sqlite.page_sizes import (
    MAX_STEP_ROWS,
    PAGE_IMAGES,
    first_count,
    next_count,
    split_into_pages,
)
from glimpse.embedded.sqlite.reader_threads import ReaderThreads
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.embedded.sqlite.sort_order import has_usual_order
from glimpse.embedded.sqlite.task_table import TaskTable
from glimpse.embedded.sqlite.usage_table import UsageTable
from glimpse.embedded.sqlite.writer_thread import WriterThread
from glimpse.embedded.tasks import Task, TaskQuery
from glimpse.embedded.usage import Usage
from glimpse.images import Caller, Image, ImageQuery, Page

_MAX_WAITING = 10_000  # images of the large steps of all lists: some 30 MB at most


class SQLiteCatalog:
    """Stores image records in an SQLite file, and reads lists of images. Implements Catalog.

    A write that has returned survives a crash of the machine, except in a state directory without
    syncing (`files.syncing`).

    Methods raise Unavailable if the file cannot be read or written, after `close`, and if too many
    reads or writes are waiting. The caller closes the catalog with `close`.
    """

    @classmethod
    def open(cls, path: Path) -> "SQLiteCatalog":
        """Open the file; create the file or migrate its schema first if necessary.

        Sets the file's mode to 0600. Raises UnusableCatalog if the file cannot be opened, created
        or migrated, or if its schema is newer than this Glimpse. Raises OSError if the mode cannot
        be set.
        """
        return cls(path)

    def __init__(self, path: Path) -> None:
        self._connection = open_and_migrate(path)
        with closed_on_failure(self._connection):
            path.chmod(0o600)
            self._writer_thread = WriterThread(open_and_migrate(path))
        self._reader = ImageReader(self._connection)
        self._tasks = TaskTable(self._connection)
        self._usage = UsageTable(self._connection)
        self._failures = CatalogFailures(path)
        self._reading = CheckedReads(self._failures)
        self._reader_threads = ReaderThreads(path, self._failures)
        self._waiting = 0  # images in memory that wait for their page

    def problem(self) -> str | None:
        """Return, for operators, why a read failed in the last minute; None if no read failed."""
        return self._failures.problem()

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the record with this id, with the membership of `project_id`.

        Returns None if no image has the id, or if another program has made the image's row invalid.
        Raises Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._reader.get(image_id, project_id)

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query` and that `caller` can see, in the query's order.

        The list starts after the image `marker`; with None, at the first image. Owner, visibility
        and memberships decide what `caller` can see; policy rules are not checked. Pages have at
        most 200 images. `query.limit` does not end the list: stop reading, and close the generator.
        Any page may be empty. Only the last page has ``is_last`` set. Raises Unavailable if the
        file cannot be read, also after some pages.
        """
        if is_readable_from_index(caller, query):
            return self._pages_from_index(caller, query, marker)
        return self._pages_by_scan(caller, query, marker)

    async def _pages_from_index(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list that the listing index alone answers.

        Reads on the event loop, which runs other tasks between two pages. Raises Unavailable if the
        file cannot be read.
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

    async def _pages_by_scan(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list that must be read in a thread.

        One read of the thread (a step) may return several pages. All but the first page wait in
        memory. The waiting images of all lists together are limited to 10,000. If a step would
        exceed this limit, only its first page is kept; the next step reads the rest again. Raises
        Unavailable for the same causes as `ReaderThreads.run`.
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

    async def insert(
        self, image: Image, project_id: str | None = None, check_usage: UsageCheck | None = None
    ) -> None:
        """Add an image without members.

        If `check_usage` is given, it gets the usage of `project_id` with the new image included. If
        `check_usage` raises, nothing is added, and this method raises the same error. Raises
        Conflict if another image has the id of `image`, and Unavailable if the file cannot be
        written.
        """
        await self._writer_thread.run(ImageWriter.insert, image, project_id, check_usage)

    async def update(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Pass the image's record to `change`; store and return the image that `change` returns.

        Atomic. The record has the membership of `project_id`. `change` must keep the id. If
        `check_usage` is given, it gets the usage of `project_id` after the change. Both functions
        run in the writer's thread. Raises ImageNotFound if there is no such image, Unavailable if
        the file cannot be written, and the errors that `change` and `check_usage` raise. After any
        error, nothing has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.update, image_id, project_id, change, check_usage
        )

    async def usage(self, project_id: str | None) -> Usage:
        """Return the usage of a project's images; zeros for None. Raises Unavailable."""
        with self._reading:
            return self._usage.get(project_id)

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Pass the image's record to `check`; then remove the image and its members.

        Atomic. The record has the membership of `project_id`. `check` runs in the writer's thread.
        Raises ImageNotFound if there is no such image, Unavailable if the file cannot be written,
        and the errors that `check` raises. After any error, nothing is removed.
        """
        await self._writer_thread.run(ImageWriter.delete, image_id, project_id, check)

    async def members(self, image_id: str) -> Sequence[Member]:
        """Return the members of an image, the oldest first; empty if no image has the id."""
        with self._reading:
            return self._reader.members(image_id)

    async def change_member(
        self,
        image_id: str,
        project_id: str | None,
        member_id: str,
        change: MemberChange[MemberOrNone],
    ) -> MemberOrNone:
        """Store and return the Member that `change` returns for an image and its members.

        `change` gets the image's record with the membership of `project_id`, and all members by
        project id. The returned Member must have the id `member_id`; for None, the membership of
        `member_id` is removed. Atomic. `change` runs in the writer's thread. Raises ImageNotFound
        if there is no such image, Unavailable if the file cannot be written, and the errors that
        `change` raises. After any error, nothing has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.change_member, image_id, project_id, member_id, change
        )

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members: all of them or none.

        Each image replaces a stored image with the same id, and also the members of the stored
        image. If several `records` have the same id, the last of them is stored. Raises Unavailable
        if the file cannot be written.
        """
        await self._writer_thread.run(ImageWriter.put, records)

    async def update_with_task(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        task: Task,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Change an image like `update`, and store `task` like `put_task`, in one transaction.

        Raises the errors of `update`; then neither the image nor a task has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.update_with_task, image_id, project_id, change, task, check_usage
        )

    async def put_task(self, task: Task) -> None:
        """Add a task, or replace the task with the same id. Also remove old tasks.

        Removes all tasks that have expired at ``task.updated_at``. Of the finished tasks of the
        task's owner, keeps only the newest MAX_TASKS. Raises Unavailable if the file cannot be
        written.
        """
        await self._writer_thread.run(ImageWriter.put_task, task)

    async def get_task(self, task_id: str) -> Task | None:
        """Return the task with this id, even an expired task; None if no task has the id."""
        with self._reading:
            return self._tasks.get(task_id)

    async def tasks_of_image(self, image_id: str) -> Sequence[Task]:
        """Return the 100 newest tasks of an image, the oldest first. Includes expired tasks."""
        with self._reading:
            return self._tasks.of_image(image_id)

    async def list_tasks(self, query: TaskQuery, now: str) -> Sequence[Task]:
        """Return one page of the tasks that match `query` and have not expired at `now`.

        ``input_json`` of each task is an empty document (``{}``). Raises MarkerNotFound if no task
        has the id `query.marker`, and Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._tasks.list(query, now)

    async def close(self) -> None:
        """Finish the writes in the queue and the running reads, then close the file.

        Reads that wait for a thread raise CancelledError in their callers. Later reads and writes
        raise Unavailable.
        """
        self._reading.close()
        await asyncio.to_thread(self._writer_thread.close)
        await asyncio.to_thread(self._reader_threads.close)
        self._connection.close()
