"""SQLiteCatalog: image records in a file that all worker processes of a machine use.

The event loop itself reads single images, and lists that the listing index alone answers. Such a
read takes microseconds. Threads read other lists (`ReaderThreads`). `ListPages` makes the pages of
both. One thread makes all writes of a process (`WriterThread`). A write returns when it is
committed and synced to the disk.
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
from glimpse.embedded.sqlite.image_reader import ImageReader
from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.embedded.sqlite.list_pages import ListPages
from glimpse.embedded.sqlite.reader_threads import ReaderThreads
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.embedded.sqlite.task_table import TaskTable
from glimpse.embedded.sqlite.usage_table import UsageTable
from glimpse.embedded.sqlite.writer_thread import WriterThread
from glimpse.embedded.tasks import Task, TaskQuery
from glimpse.embedded.usage import Usage
from glimpse.images import Caller, Image, ImageQuery, Page


class SQLiteCatalog:
    """Stores image records in an SQLite file, and reads lists of images. Implements Catalog.

    Several processes may use the file at once. A write that has returned survives a crash of the
    machine, except in a state directory without syncing (`files.syncing`). If the task that awaits
    a write is cancelled, the write is made all the same.

    Another program may have made an image's row invalid (see `row_validation`). Reads log such an
    image and leave the image out. `put` replaces such an image, and `insert` raises Conflict. The
    other methods that write images raise ImageNotFound.

    Methods raise Unavailable if the file cannot be read or written, and after `close`. A list that
    a thread reads also raises Unavailable if 500 reads are running or waiting in the threads, or if
    the system allows no more threads. A write also raises Unavailable if 1,000 writes are waiting.

    Methods that write images raise ValueError for an id or a ``created_at`` that cannot be parsed,
    and for text with a lone surrogate. They raise OverflowError for a number of more than 64 bits.
    The caller closes the catalog with `close`.
    """

    @classmethod
    def open(cls, path: Path) -> "SQLiteCatalog":
        """Open the catalog; create the file or migrate its schema first if necessary.

        Blocks. Sets the file's mode to 0600, and starts the thread that makes all writes. Raises
        UnusableCatalog if the file cannot be opened, created or migrated. Raises NewerSchema, a
        subclass, if the schema is newer than this Glimpse. Raises OSError if the mode cannot be
        set, and RuntimeError if the system allows no more threads.
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
        self._list_pages = ListPages(self._reader, self._reading, self._reader_threads)

    def problem(self) -> str | None:
        """Return why the latest failed read failed, as a text for operators.

        Returns None if no read failed in the last minute. Failed writes are not reported.
        """
        return self._failures.problem()

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the image with this id, and the status of the membership of `project_id`.

        Returns None if no valid image has the id. The membership is None if the image is not
        shared, if `project_id` is None or the image's owner, or if `project_id` is no member. Does
        not check who may see the image. Raises Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._reader.get(image_id, project_id)

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that match `query` and that `caller` can see.

        The images are in the query's order. An admin can see every image. For another caller,
        owner, visibility and memberships decide. Community images of other projects are listed only
        if `query.visibility` is "community" or "all", even for an admin. Killed and deleted images
        are never listed. Policy rules are not checked.

        The list starts after the image `marker`; with None, at the first image. `query.marker` is
        ignored, and `query.limit` does not end the list: close the generator after enough images.
        Pages have at most 200 images, and may be empty. Only the last page has ``is_last`` set. A
        change between two pages may show in the later pages.

        Raises Unavailable before a page if the file cannot be read, after `close`, or if no thread
        can take the read: 500 reads are running or waiting, or the system allows no more threads.
        Raises CancelledError if `close` is called while the list waits for a thread.
        """
        return self._list_pages.read(caller, query, marker)

    async def insert(
        self, image: Image, project_id: str | None = None, check_usage: UsageCheck | None = None
    ) -> None:
        """Add an image without members.

        If `check_usage` is given, it gets the usage of `project_id` with the new image included, in
        the writer's thread. If `check_usage` raises, nothing is added, and this method raises the
        same error. Raises Conflict if a stored image, valid or not, has the id of `image`. Raises
        Unavailable if the file cannot be written.
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

        Atomic. The record has the membership of `project_id`. `change` must keep `id` and
        `created_at`. The members stay, whatever the new visibility. If `check_usage` is given, it
        gets the usage of `project_id` after the change, even if the image is the same as before.
        `change` and `check_usage` run in the writer's thread. Raises ImageNotFound if no valid
        image has the id, Unavailable if the file cannot be written, and the errors that `change`
        and `check_usage` raise. After any error, nothing has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.update, image_id, project_id, change, check_usage
        )

    async def usage(self, project_id: str | None) -> Usage:
        """Return how much the images of a project take: their number and their bytes.

        Images in status killed, deleted or pending_delete do not count. All numbers are 0 for None,
        and for a project without images. Raises Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._usage.get(project_id)

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Pass the image's record to `check`; then remove the image and its members.

        Atomic. The record has the membership of `project_id`. `check` runs in the writer's thread.
        Tasks of the image remain. Raises ImageNotFound if no valid image has the id, Unavailable if
        the file cannot be written, and the errors that `check` raises. After any error, nothing is
        removed.
        """
        await self._writer_thread.run(ImageWriter.delete, image_id, project_id, check)

    async def members(self, image_id: str) -> Sequence[Member]:
        """Return the members of an image, the oldest membership first.

        Memberships of the same second are in the order of the project ids. The result is empty if
        the image has no members, and if no image has the id. Raises Unavailable if the file cannot
        be read.
        """
        with self._reading:
            return self._reader.members(image_id)

    async def change_member(
        self,
        image_id: str,
        project_id: str | None,
        member_id: str,
        change: MemberChange[MemberOrNone],
    ) -> MemberOrNone:
        """Store and return the membership that `change` returns for the project `member_id`.

        `change` gets the image's record with the membership of `project_id`, and all members by
        project id. `change` runs in the writer's thread. The Member that `change` returns is added,
        or replaces the stored one; it must have the id `member_id`. If `change` returns None, the
        membership of `member_id` is removed, if there is one.

        Atomic. Raises ImageNotFound if no valid image has the id, Unavailable if the file cannot be
        written, and the errors that `change` raises. After any error, nothing has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.change_member, image_id, project_id, member_id, change
        )

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members: all of them or none.

        Each image replaces a stored image, valid or not, with the same id, and also the members of
        the stored image. Memberships get the dates of their image. If several `records` have the
        same id, the last of them is stored. Raises ValueError for an id or a ``created_at`` that
        cannot be parsed, and for text with a lone surrogate. Raises Unavailable if the file cannot
        be written.
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
        """Change an image as `update` does, and add or replace `task`, in one transaction.

        Stores and returns the image that `change` returns for the image's record. Removes old tasks
        as `put_task` does. Raises ImageNotFound if no valid image has the id, Unavailable if the
        file cannot be written, and the errors that `change` and `check_usage` raise. After any
        error, neither the image nor a task has changed.
        """
        return await self._writer_thread.run(
            ImageWriter.update_with_task, image_id, project_id, change, task, check_usage
        )

    async def put_task(self, task: Task) -> None:
        """Add a task, or replace the task with the same id. Also remove old tasks.

        Removes all tasks that have expired at ``task.updated_at``. Of the finished tasks of the
        task's owner, keeps only the 1,000 (MAX_TASKS) that were added last. A replaced task keeps
        its place in this order. Raises Unavailable if the file cannot be written.
        """
        await self._writer_thread.run(ImageWriter.put_task, task)

    async def get_task(self, task_id: str) -> Task | None:
        """Return the task with this id, even an expired task; None if no task has the id.

        Raises Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._tasks.get(task_id)

    async def tasks_of_image(self, image_id: str) -> Sequence[Task]:
        """Return the 100 newest tasks of an image, the oldest first. Includes expired tasks.

        Raises Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._tasks.of_image(image_id)

    async def list_tasks(self, query: TaskQuery, now: str) -> Sequence[Task]:
        """Return the page of tasks that `query` selects, without tasks that have expired at `now`.

        The tasks pass the query's filters, and are in its order. The page starts after the task
        with the id `query.marker`, and has at most `query.limit` tasks. ``input_json`` of each task
        is an empty document (``{}``). Raises MarkerNotFound if no task has the id `query.marker`,
        and Unavailable if the file cannot be read.
        """
        with self._reading:
            return self._tasks.list(query, now)

    async def close(self) -> None:
        """Finish the writes in the queue and the running reads, then close the file.

        A list that waits for a thread ends with CancelledError. Later reads and writes raise
        Unavailable. A second call does nothing.
        """
        self._reading.close()
        await asyncio.to_thread(self._writer_thread.close)
        await asyncio.to_thread(self._reader_threads.close)
        self._connection.close()
