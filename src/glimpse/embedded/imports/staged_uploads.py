"""StagedUploads: stores the data that a client sends before it requests an import."""

import asyncio
from collections.abc import AsyncIterator, Callable

from glimpse.embedded.catalog import Catalog, Change
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_changes import with_status
from glimpse.embedded.imports import image_states
from glimpse.embedded.quotas import limit_bytes
from glimpse.embedded.uncancelled_writes import complete_then_cancel, complete_undoing
from glimpse.embedded.uploads import Uploads
from glimpse.images.errors import ImageNotFound, Unavailable


class StagedUploads:
    """Stores the staged data of images: data that a client sends before it requests an import.

    Each image's data is stored under the image's upload lock. If a crash interrupts the staging,
    `ImportRecords.clean_up_interrupted_import` removes the incomplete data.
    """

    def __init__(
        self,
        catalog: Catalog,
        staging: DirectoryStore,
        uploads: Uploads,
        clock: Callable[[], str],
    ) -> None:
        """`staging` stores the staged data.

        `clock` returns the current time in UTC as ``2024-02-01T10:20:30Z``.
        """
        self._catalog = catalog
        self._staging = staging
        self._uploads = uploads
        self._clock = clock

    async def stage(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
        size: int | None = None,
    ) -> None:
        """Stage data for a queued image: store it, to be imported later.

        The image becomes uploading, and gets its size when the data is complete. `size` is the
        length of the data in bytes, for the quotas of `project_id`; None if it is unknown.
        `require_permitted` returns the record's image, or raises an error if the caller may not
        stage data. It is called before and after the data is stored.

        If an error or a cancellation ends the call, no data is left and the image is queued again.
        But the image stays uploading without data until its next upload or the next start of
        Glimpse if the disk cannot be written, or if the task is cancelled just when the image
        becomes uploading. A cancellation just when the data is complete may leave the data staged.

        Raises ImageNotFound, QuotaExceeded, DataTooLarge, StorageFull, Unavailable, and what
        `require_permitted` and `chunks` raise. Raises Conflict if the image is not queued, or is
        being given data by another request.
        """
        lock = await self._uploads.acquire(image_id)
        is_unknown = False
        try:
            try:
                await self._begin(image_id, project_id, require_permitted, size)
            except asyncio.CancelledError:  # after a second one, the write may still be made
                is_unknown = True
                raise
            await self._store(image_id, project_id, require_permitted, chunks)
        finally:
            if is_unknown or await self._is_incomplete(image_id):
                lock.abandon()
            else:
                lock.release()

    async def _begin(
        self, image_id: str, project_id: str | None, require_permitted: Change, size: int | None
    ) -> None:
        """Set the status of a queued image to uploading, if the quotas allow the staged data.

        If the task is cancelled, raises CancelledError when the write has ended: the image may then
        be uploading. Raises ImageNotFound; Conflict if the image is not queued; QuotaExceeded;
        Unavailable; and what `require_permitted` raises.
        """
        writing = self._catalog.update(
            image_id,
            project_id,
            lambda record: with_status(
                require_permitted(record), "uploading", expected=("queued",), now=self._clock()
            ),
            lambda usage: self._uploads.quotas.check_staging(project_id, usage, size),
        )
        await complete_then_cancel(writing)

    async def _store(
        self,
        image_id: str,
        project_id: str | None,
        require_permitted: Change,
        chunks: AsyncIterator[bytes],
    ) -> None:
        """Store the staged data of an image in status uploading, and set the image's size.

        If an error is raised or the task is cancelled before the data is complete, the image
        becomes queued again without data. Raises ImageNotFound, Conflict if the status is not
        uploading, QuotaExceeded, DataTooLarge, StorageFull, Unavailable, and what
        `require_permitted` and `chunks` raise.
        """
        try:
            quotas, usage = self._uploads.quotas, await self._catalog.usage(project_id)
            limited = limit_bytes(chunks, quotas.remaining_staged_bytes(usage))
            stored = await self._staging.put(image_id, limited)
            await self._catalog.update(
                image_id,
                project_id,
                lambda record: image_states.staged(
                    require_permitted(record), stored.size, self._clock()
                ),
                lambda usage: quotas.check_staged(project_id, usage),
            )
        except BaseException as error:
            await complete_undoing(self._undo(image_id), error)
            raise

    async def _undo(self, image_id: str) -> None:
        """Remove the staged data and queue the image again, except if the data is complete.

        If the image was deleted, only removes the data. Raises Unavailable or StorageFull if the
        disk cannot be written.
        """
        try:
            image = await self._catalog.update(
                image_id, None, lambda record: image_states.unstaged(record.image, self._clock())
            )
        except ImageNotFound:
            await self._staging.delete(image_id)
        else:
            if not image_states.is_staged(image):
                await self._staging.delete(image_id)

    async def _is_incomplete(self, image_id: str) -> bool:
        """Return True if incomplete staged data may be left, or if the catalog cannot be read."""
        try:
            record = await self._catalog.get(image_id, None)
        except Unavailable:
            return True
        if record is not None and record.image.status == "uploading":
            return not image_states.is_staged(record.image)
        return self._staging.has(image_id)
