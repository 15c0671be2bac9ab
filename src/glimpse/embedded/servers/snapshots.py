"""Snapshots: makes the snapshots of servers in the background, from queued to active."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from glimpse.embedded.background_jobs import BackgroundJobs
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.snapshot_image import saved_properties
from glimpse.embedded.snapshot_data import SnapshotData
from glimpse.embedded.upload_locks import UploadLock
from glimpse.images.errors import ImageNotFound, ImageServiceError, ServiceError
from glimpse.servers.errors import ServerNotFound
from glimpse.servers.server import SNAPSHOT_UPLOADING, Server, Snapshot
from glimpse.telemetry.request_context import current_context

_log = logging.getLogger(__name__)
_SIZE = 64 * 1024  # bytes of a snapshot's disk
_RETRY_SECONDS = 5.0  # between two attempts to write the end of a snapshot


class Snapshots:
    """Makes snapshots in the background. Their images become queued, saving, and then active.

    An image is queued for half of `seconds`, and then saving for the other half. In a test, the
    request that starts a snapshot can have a function ``hold_data`` in its context. The image is
    then saving until ``hold_data`` returns.

    Every snapshot holds the upload lock of its image. If the process ends before the snapshot, the
    lock is abandoned. The next process finds the abandoned lock, and passes it to `resume`, which
    makes the snapshot again. The owner of the object calls ``jobs.close`` at the end.
    """

    def __init__(
        self,
        table: ServerTable,
        data: SnapshotData,
        seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._table = table
        self._data = data
        self._seconds = seconds
        self._sleep = sleep
        # No limit: a server makes one snapshot at a time, so servers limit the number of jobs.
        self.jobs = BackgroundJobs()

    def start(self, server_id: str, lock: UploadLock) -> None:
        """Make the snapshot of a server in the background.

        `lock` is the lock of the snapshot's image. If the snapshot fails, its image is deleted. At
        the end, `lock` is released. If the process stops before, `lock` is abandoned.
        """
        self._start_job(self._run(server_id, lock.image_id), lock)

    async def resume(self, lock: UploadLock) -> bool:
        """Make the unfinished snapshot of the locked image again, in the background; return True.

        If the image is active already, only the end of the snapshot is recorded. Otherwise, if the
        snapshot's server was deleted, the image is deleted instead. `lock` is released at the end
        of the snapshot, or abandoned if the process ends before.

        Returns False if the image is no unfinished snapshot. Raises Unavailable if the servers
        cannot be read. In both cases, the caller still has to release or abandon `lock`.
        """
        server_id = await asyncio.to_thread(self._table.find_snapshot, lock.image_id)
        if server_id is None:
            return False
        self.start(server_id, lock)
        return True

    async def undo(self, server_id: str, lock: UploadLock) -> None:
        """Undo a snapshot that could not be started. `lock` is the lock of its image.

        Deletes the image, records in the server that the snapshot has ended, and releases `lock`.
        If the disk cannot be written, returns without an error; a background job then tries again
        every five seconds. If ``jobs.close`` is called before that succeeds, or if an error is
        raised, `lock` is abandoned.
        """
        try:
            await self._end(server_id, lock.image_id, is_made=False)
        except ServiceError:
            self._start_job(self._end_until_written(server_id, lock.image_id, is_made=False), lock)
        except BaseException:
            lock.abandon()
            raise
        else:
            lock.release()

    def _start_job(self, job: Coroutine[Any, Any, bool], lock: UploadLock) -> None:
        """Start a job in the background. `lock` is released if the job returns True.

        If the job returns False, raises an error or is cancelled, `lock` is abandoned. After
        ``jobs.close``, the job is not started, and `lock` is abandoned.
        """
        self.jobs.start(
            job,
            lambda is_done: lock.release() if is_done else lock.abandon(),
        )

    async def _run(self, server_id: str, image_id: str) -> bool:
        """Make a snapshot, record its end in the server, and return True.

        If the snapshot fails, the error is logged and the image is deleted, as in Compute. A disk
        that cannot be written at that moment also makes the snapshot fail. If the process stops,
        CancelledError is raised, and the next process makes the snapshot again.
        """
        is_made = False
        try:
            await self._make(server_id, image_id)
            is_made = True
        except ImageNotFound:
            _log.info("image %s: it was deleted before the snapshot was made", image_id)
        except ServerNotFound:
            _log.info("image %s: its server was deleted before the snapshot was made", image_id)
        except ImageServiceError as error:
            _log.warning("image %s: the snapshot failed: %s", image_id, error)
        except Exception:  # noqa: BLE001  no server may stay in the state of a snapshot
            _log.exception("image %s: the snapshot failed", image_id)
        return await self._end_until_written(server_id, image_id, is_made=is_made)

    async def _end_until_written(self, server_id: str, image_id: str, *, is_made: bool) -> bool:
        """Record that a snapshot has ended, as `_end` does, and return True.

        If the disk cannot be written, tries again every five seconds.
        """
        while True:
            try:
                await self._end(server_id, image_id, is_made=is_made)
            except ServiceError:
                await self._sleep(_RETRY_SECONDS)
            else:
                return True

    async def _end(self, server_id: str, image_id: str, *, is_made: bool) -> None:
        """Record that a snapshot has ended. If `is_made` is False, delete its image first.

        The image and the server may have been deleted. Raises ServiceError if the disk cannot be
        written.
        """
        if not is_made:
            with contextlib.suppress(ImageNotFound):
                await self._data.delete(image_id)
        await asyncio.to_thread(self._table.end_snapshot, server_id, image_id, self._data.clock())

    async def _make(self, server_id: str, image_id: str) -> None:
        """Store the data of a snapshot's image, which becomes saving and then active.

        Does nothing if the image is neither queued nor saving. Waits for half of the constructor's
        `seconds`. Then records in the server that the snapshot is uploading, and sets the image to
        saving. If the request's context has a function ``hold_data``, waits until ``hold_data``
        returns; otherwise, waits for the other half of `seconds`. Then stores the data.

        Raises ServerNotFound if the server was deleted, and ImageNotFound if the image was deleted.
        Raises another error of the image service, such as QuotaExceeded, StorageFull or
        Unavailable, if the data cannot be stored.
        """
        image = await self._data.get(image_id)
        if image is not None and image.status not in ("queued", "saving"):
            return
        await self._sleep(self._seconds / 2)
        server = await asyncio.to_thread(
            self._table.update, server_id, self._set_snapshot(image_id)
        )
        image = await self._data.begin(image_id, saved_properties(server), _SIZE)
        hold = current_context.get().hold_data
        await (self._sleep(self._seconds / 2) if hold is None else hold())
        await asyncio.to_thread(self._table.get, server_id)
        await self._data.store(image, _disk())

    def _set_snapshot(self, image_id: str) -> Callable[[Server], Server]:
        snapshot = Snapshot(image_id, SNAPSHOT_UPLOADING)
        return lambda server: replace(server, snapshot=snapshot, updated_at=self._data.clock())


async def _disk() -> AsyncIterator[bytes]:
    """Yield the data of a snapshot: a disk of 64 KiB that is all zeros."""
    yield bytes(_SIZE)
