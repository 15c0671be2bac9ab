"""Uploads: store and delete image data, so that even a crash leaves no incomplete data."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from glimpse.embedded import image_changes
from glimpse.embedded.catalog import Catalog, Change, RecordCheck, UsageCheck
from glimpse.embedded.completed_writes import complete
from glimpse.embedded.content_check import ContentRules
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.quotas import ProjectQuotas, limit_bytes
from glimpse.embedded.upload_locks import UploadLock, UploadLocks
from glimpse.images import Image
from glimpse.images.errors import (
    Conflict,
    ImageNotFound,
    ImageServiceError,
    ServiceError,
    Unavailable,
)

_log = logging.getLogger(__name__)
# Writes the image that a change returns for a record, as Catalog.update does.
Save = Callable[[str, str | None, Change, UsageCheck], Coroutine[Any, Any, Image]]


class Uploads:
    """Changes an image in catalog and store together, while it holds the upload lock.

    After a crash, the file of the lock still exists. The next upload of the image, or the next
    process that starts, finds this abandoned lock and removes the incomplete data.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        staging: DirectoryStore,
        locks: UploadLocks,
        content_rules: ContentRules,
        quotas: ProjectQuotas,
        clean_up_import: Callable[[str], Awaitable[None]],
        clock: Callable[[], str],
    ) -> None:
        """`staging` has the staged data of images.

        `clean_up_import` removes what an interrupted import of an image has left beside its data.
        """
        self._catalog = catalog
        self._store = store
        self._staging = staging
        self._locks = locks
        self._content_rules = content_rules
        self.quotas = quotas
        self._clean_up_import = clean_up_import
        self._clock = clock

    async def upload(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
        size: int | None = None,
    ) -> None:
        """Store the data of a queued image: its status becomes saving, and then active.

        `require_permitted` returns the record's image, or raises an error if the caller may not
        upload it. It is called before and after the upload. The data has `size` bytes; None is
        unknown. The quotas of `project_id` are checked before the upload, while the data arrives,
        and after it.

        If an error is raised while the data is being stored, the data is removed, and the image is
        queued again. If the disk cannot be written then, the image stays in saving until the next
        upload of it, or the next start of a process, removes the data and queues the image.

        Raises ImageNotFound, Conflict if the image is not queued or another upload of it is
        running, QuotaExceeded, DataTooLarge, InvalidImageData for data that the content rules do
        not allow, StorageFull, Unavailable, and what `require_permitted` and `chunks` raise.
        """
        lock = await self.acquire(image_id)
        try:
            await self._begin(image_id, project_id, require_permitted, size)
            await self.store_data(
                image_id, project_id, require_permitted, chunks, self._catalog.update
            )
        finally:
            if await self._is_saving(image_id):
                lock.abandon()
            else:
                lock.release()

    async def _begin(
        self, image_id: str, project_id: str | None, require_permitted: Change, size: int | None
    ) -> None:
        """Set the status of a queued image to saving, if the quotas of `project_id` allow that.

        Raises ImageNotFound, Conflict, QuotaExceeded, and what `require_permitted` raises.
        """
        await self._catalog.update(
            image_id,
            project_id,
            lambda record: image_changes.with_status(
                require_permitted(record), "saving", expected=("queued",), now=self._clock()
            ),
            lambda usage: self.quotas.check_upload(project_id, usage, size),
        )

    async def acquire(self, image_id: str) -> UploadLock:
        """Return the image's upload lock, which the caller has to release or abandon.

        If it was abandoned, `clean_up` is called first. Raises Conflict if another request or
        import has it, and Unavailable or StorageFull if the disk cannot be read or written.
        """
        lock = await asyncio.to_thread(self._locks.acquire, image_id)
        if lock is None:
            raise Conflict(f"Image {image_id} is being given data by another request.")
        try:
            if lock.was_abandoned:
                await self.clean_up(image_id)
        except BaseException:
            lock.abandon()
            raise
        return lock

    async def store_data(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
        save: Save,
    ) -> None:
        """Store the data of an image in status saving or importing, which becomes active.

        `save` writes the image. The quotas are those of `project_id`. The caller holds the image's
        upload lock. If an error is raised, also if the task is cancelled, no data is left, and an
        image in status saving is queued again. Raises what `upload` raises.
        """
        try:
            remaining = self.quotas.remaining_bytes(await self._catalog.usage(project_id))
            stored = await self._store.put(image_id, limit_bytes(chunks, remaining))
            await complete(
                save(
                    image_id,
                    project_id,
                    lambda record: image_changes.with_data(
                        require_permitted(record), stored, self._content_rules, now=self._clock()
                    ),
                    lambda usage: self.quotas.check_stored(project_id, usage),
                )
            )
        except BaseException:
            await asyncio.shield(self._undo(image_id))
            raise

    async def _is_saving(self, image_id: str) -> bool:
        """Return True if the image's status is saving, or if the catalog cannot be read."""
        try:
            record = await self._catalog.get(image_id, None)
        except Unavailable:
            return True
        return record is not None and record.image.status == "saving"

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Delete the image's record, then its data, if `check` does not raise for the record.

        If the data cannot be removed, or the process ends before, the image is deleted all the
        same, and the next process that starts removes the data. If an upload of the image is
        running, it fails. Raises ImageNotFound, Unavailable, and what `check` raises; then nothing
        is deleted.
        """
        lock: UploadLock | None = None
        if self._has_files(image_id):
            lock = await asyncio.to_thread(self._locks.acquire, image_id)
        is_refused = False
        try:
            await self._catalog.delete(image_id, project_id, check)
            with contextlib.suppress(ServiceError):
                await self._store.delete(image_id)
                await self._staging.delete(image_id)
        except ImageServiceError:
            is_refused = True
            raise
        finally:
            if lock is not None:
                if not is_refused and self._has_files(image_id):
                    lock.abandon()
                else:
                    lock.release()

    def _has_files(self, image_id: str) -> bool:
        """Return True if there is data of the image, or staged data."""
        return self._store.has(image_id) or self._staging.has(image_id)

    async def recover(self, resume: Callable[[UploadLock], Awaitable[bool]]) -> None:
        """Undo the uploads, and finish the deletions, that a process left when it ended.

        Imports, too, are undone, unless `resume` returns True for their lock: then `resume` has to
        release it. Uploads that other processes are running are not affected. Raises OSError if
        the locks' directory cannot be read, Unavailable or StorageFull if the disk cannot be read
        or written. Then the images that are left stay locked until this process ends.
        """
        for lock in await asyncio.to_thread(lambda: list(self._locks.acquire_abandoned())):
            if not await resume(lock):
                await self.clean_up(lock.image_id)
                lock.release()

    async def clean_up(self, image_id: str) -> None:
        """Remove the data that an interrupted upload, import or deletion left.

        Complete data is kept, unless the image is deleted or in status saving or importing. The
        image's upload lock must be held. Raises Unavailable or StorageFull.
        """
        record = await self._catalog.get(image_id, None)
        await self._store.delete_unfinished(image_id)
        if record is None or record.image.status in ("saving", "importing"):
            await self._undo(image_id)
            _log.warning(
                "image %s: removed the data that an interrupted upload or deletion left; "
                "if the image still exists, upload or import its data again",
                image_id,
            )
        await self._clean_up_import(image_id)

    async def _undo(self, image_id: str) -> None:
        """Remove the data, and change the image's status from saving to queued.

        Removes the data even if the image does not exist or has another status, which it keeps.
        Raises Unavailable or StorageFull.
        """
        await self._store.delete(image_id)
        with contextlib.suppress(ImageNotFound, Conflict):
            await self._catalog.update(
                image_id,
                None,
                lambda record: image_changes.with_status(
                    record.image, "queued", expected=("saving",), now=self._clock()
                ),
            )
