"""Uploads: store and delete image data, so that even a crash leaves no incomplete data."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from glimpse.embedded import image_changes
from glimpse.embedded.catalog import Catalog, Change, RecordCheck, UsageCheck
from glimpse.embedded.content_check import ContentRules
from glimpse.embedded.crash_recovery import CrashRecovery
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.quotas import ProjectQuotas, limit_bytes
from glimpse.embedded.uncancelled_writes import (
    complete,
    complete_then_cancel,
    complete_undoing,
)
from glimpse.embedded.upload_locks import UploadLock, UploadLocks
from glimpse.images import Image
from glimpse.images.errors import (
    Conflict,
    ImageNotFound,
    ImageServiceError,
    ServiceError,
    Unavailable,
)

# Stores and returns the image that a Change returns for the record of an id, as Catalog.update
# does.
Save = Callable[[str, str | None, Change, UsageCheck], Coroutine[Any, Any, Image]]


class Uploads:
    """Changes images and their data together, under the upload lock of each image.

    After a crash, the file of the lock is still there. The next upload of the image, or the next
    process that starts, finds this abandoned lock, and removes the incomplete data.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        staging: DirectoryStore,
        locks: UploadLocks,
        content_rules: ContentRules,
        quotas: ProjectQuotas,
        clean_up_interrupted_import: Callable[[str], Awaitable[None]],
        clock: Callable[[], str],
    ) -> None:
        """Create the object. Reads and writes nothing.

        `store` has the data of images, and `staging` the data that waits to be imported.
        `clean_up_interrupted_import` gets an image id, and removes what an interrupted import of
        the image left, except the image's data. `clock` returns the current time in UTC:
        ``2024-02-01T10:20:30Z``.
        """
        self._catalog = catalog
        self._store = store
        self._staging = staging
        self._locks = locks
        self._content_rules = content_rules
        self.quotas = quotas
        self.recovery = CrashRecovery(catalog, store, locks, clean_up_interrupted_import, clock)
        self._clock = clock

    async def upload(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
        size: int | None = None,
    ) -> None:
        """Store the data of a queued image; the image becomes saving, and then active.

        `require_permitted` gets the image's record, before and after the upload. It returns the
        record's image, or raises an error if the caller may not upload data. `size` is the length
        of the data in bytes; None if it is unknown. The quotas of `project_id` are checked before
        the upload, while the data arrives, and after it.

        If an error or a cancellation ends the upload of a saving image, the data is removed and the
        image is queued again. But a cancellation during the write of the active image has no
        effect. If the data cannot be removed, or if the task is cancelled during the write of the
        status saving, the image stays saving until its next upload or the next start of Glimpse.

        Raises ImageNotFound; Conflict if the image is not queued or is being given data by another
        request; QuotaExceeded; DataTooLarge; InvalidImageData if the content rules do not allow the
        data; StorageFull; Unavailable; and what `require_permitted` and `chunks` raise.
        """
        lock = await self.acquire(image_id)
        is_unknown = False
        try:
            try:
                await self._begin(image_id, project_id, require_permitted, size)
            except asyncio.CancelledError:  # after a second one, the write may still be made
                is_unknown = True
                raise
            await self.store_data(
                image_id, project_id, require_permitted, chunks, self._catalog.update
            )
        finally:
            if is_unknown or await self._is_unfinished(image_id):
                lock.abandon()
            else:
                lock.release()

    async def _begin(
        self, image_id: str, project_id: str | None, require_permitted: Change, size: int | None
    ) -> None:
        """Set the status of a queued image to saving, if the quotas allow the upload.

        The quotas are those of `project_id`. If the task is cancelled, raises CancelledError when
        the write has ended: the image may then be saving. Raises ImageNotFound; Conflict if the
        image is not queued; QuotaExceeded; Unavailable; and what `require_permitted` raises.
        """
        writing = self._catalog.update(
            image_id,
            project_id,
            lambda record: image_changes.with_status(
                require_permitted(record), "saving", expected=("queued",), now=self._clock()
            ),
            lambda usage: self.quotas.check_upload(project_id, usage, size),
        )
        await complete_then_cancel(writing)

    async def acquire(self, image_id: str) -> UploadLock:
        """Return the image's upload lock, which the caller has to release or abandon.

        If an interrupted upload, import or deletion left the lock, first removes the incomplete
        data of the image (see `CrashRecovery.clean_up`). Raises Conflict if another request, import
        or snapshot holds the lock. Raises Unavailable or StorageFull if the disk cannot be read or
        written. After an error, the caller does not hold the lock. If the task is cancelled, raises
        CancelledError when the removal has ended.
        """
        lock = await self._lock(image_id)
        if lock is None:
            raise Conflict(f"Image {image_id} is being given data by another request.")
        try:
            if lock.was_abandoned:
                await complete_undoing(self.recovery.clean_up(image_id))
        except BaseException:
            lock.abandon()
            raise
        return lock

    async def _lock(self, image_id: str) -> UploadLock | None:
        """Return the image's upload lock; None if the image is locked already.

        Cleans up nothing, even if the lock was abandoned. If the task is cancelled, raises
        CancelledError when the image is unlocked again. Raises Unavailable if the disk cannot be
        written.
        """
        locking = asyncio.ensure_future(asyncio.to_thread(self._locks.acquire, image_id))
        try:
            return await asyncio.shield(locking)
        except asyncio.CancelledError:
            locking.add_done_callback(_give_back)
            await asyncio.wait((locking,))
            raise

    async def store_data(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
        save: Save,
    ) -> None:
        """Store the data of an image in status saving or importing; the image becomes active.

        The caller must hold the image's upload lock. `save` writes the active image to the catalog.
        The quotas are those of `project_id`. If an error is raised or the task is cancelled, the
        data is removed first, and an image in status saving becomes queued again. If the data
        cannot be removed after an error, StorageFull or Unavailable is raised instead. A
        cancellation meanwhile raises CancelledError afterwards. One cancellation has no effect
        while `save` runs; after a second one, the data is kept if the image became active.

        Raises ImageNotFound; Conflict if the image has another status; QuotaExceeded; DataTooLarge;
        InvalidImageData; StorageFull; Unavailable; and what `require_permitted`, `chunks` and
        `save` raise.
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
        except asyncio.CancelledError as cancellation:
            await complete_undoing(self._undo_cancelled(image_id), cancellation)
            raise
        except BaseException as error:
            await complete_undoing(self.recovery.undo_upload(image_id), error)
            raise

    async def _undo_cancelled(self, image_id: str) -> None:
        """Undo a cancelled upload, but keep the data if the image has become active.

        If the task was cancelled twice, the write of `save` may still be in the catalog's queue.
        So this method adds a write to the queue that changes nothing, and waits for it. The write
        of `save`, which was added before, has then been made, too. If the image is now neither
        active nor deactivated, removes the data, and sets the status saving to queued. Raises
        Unavailable or StorageFull if the disk cannot be written.
        """
        with contextlib.suppress(ImageNotFound):
            image = await self._catalog.update(image_id, None, lambda record: record.image)
            if image.status in ("active", "deactivated"):
                return
        await self.recovery.undo_upload(image_id)

    async def _is_unfinished(self, image_id: str) -> bool:
        """Return True if an upload that has ended left work for the next start of Glimpse.

        That is so if the image's status is saving, if no image has the id but data is stored, or if
        the catalog cannot be read.
        """
        try:
            record = await self._catalog.get(image_id, None)
        except Unavailable:
            return True
        if record is None:
            return self._store.has(image_id)
        return record.image.status == "saving"

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Delete the record of an image, then its stored and staged data.

        Deletes nothing if `check` raises an error for the record. A running upload of the image
        fails. If the data cannot be removed, no error is raised. If the process ends before all
        data is removed, or if the task is cancelled, the record may be deleted all the same. In
        each case, the next start of Glimpse removes the data of an image whose record is deleted,
        and also an incomplete file that an interrupted upload left.

        Raises ImageNotFound if no image has the id, Unavailable, and what `check` raises. After one
        of these errors, nothing is deleted.
        """
        lock: UploadLock | None = None
        if self._has_files(image_id):
            lock = await self._lock(image_id)
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
                # What an interrupted upload left, such as an incomplete file, is still there.
                if lock.was_abandoned or (not is_refused and self._has_files(image_id)):
                    lock.abandon()
                else:
                    lock.release()

    def _has_files(self, image_id: str) -> bool:
        """Return True if the image has stored data or staged data."""
        return self._store.has(image_id) or self._staging.has(image_id)


def _give_back(locking: "asyncio.Future[UploadLock | None]") -> None:
    """Give up the lock that was acquired for a task which was cancelled in the meantime.

    A lock that was abandoned before stays abandoned. Do nothing if no lock was acquired.
    """
    lock = None if locking.cancelled() or locking.exception() else locking.result()
    if lock is not None and lock.was_abandoned:
        lock.abandon()
    elif lock is not None:
        lock.release()
