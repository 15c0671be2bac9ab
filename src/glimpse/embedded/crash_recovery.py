"""CrashRecovery: undoes, resumes or finishes what a process left when it ended."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from glimpse.embedded import image_changes
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.upload_locks import UploadLock, UploadLocks
from glimpse.images.errors import Conflict, ImageNotFound

_log = logging.getLogger(__name__)


class CrashRecovery:
    """Cleans up images whose upload, import, snapshot or deletion was interrupted.

    A crash, a stop, or a disk that cannot be written leaves the file of the image's upload lock:
    the lock is abandoned. The next start of Glimpse, or the next upload of the image, finds the
    abandoned lock.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        locks: UploadLocks,
        clean_up_interrupted_import: Callable[[str], Awaitable[None]],
        clock: Callable[[], str],
    ) -> None:
        """`clean_up_interrupted_import` gets the id of an image.

        The function removes what an interrupted import of the image left, except the image's data.
        `clock` returns the current time as `image_changes.current_time` does.
        """
        self._catalog = catalog
        self._store = store
        self._locks = locks
        self._clean_up_interrupted_import = clean_up_interrupted_import
        self._clock = clock

    async def recover(self, resume: Callable[[UploadLock], Awaitable[bool]]) -> None:
        """Undo the uploads, and finish the deletions, that an ended process left.

        `resume` is called with the lock of each image that the process left, in the order of the
        image ids. If `resume` returns True, `resume` continues an import or a snapshot, and has to
        release the lock. If `resume` returns False, `clean_up` runs for the image, and the lock is
        released. Does not affect uploads that other processes are running.

        Raises OSError if the directory of the locks cannot be read. Raises Unavailable or
        StorageFull if the disk cannot be read or written, and what `resume` raises. The images that
        are left then stay locked until this process ends.
        """
        for lock in await asyncio.to_thread(lambda: list(self._locks.acquire_abandoned())):
            if not await resume(lock):
                await self.clean_up(lock.image_id)
                lock.release()

    async def clean_up(self, image_id: str) -> None:
        """Remove the data that an interrupted upload, import or deletion of an image left.

        The caller must hold the image's upload lock. A file that was not uploaded completely is
        removed. If the image's status is saving or importing, or if no image has the id, all stored
        data is removed, and a warning is logged. An image in status saving becomes queued.

        Then `clean_up_interrupted_import` ends an unfinished import with failure, and undoes an
        unfinished staging: incomplete staged data is removed, and the image becomes queued.
        Complete staged data is kept, so that it can be imported again.

        Raises Unavailable or StorageFull if the disk cannot be read or written.
        """
        record = await self._catalog.get(image_id, None)
        await self._store.delete_unfinished(image_id)
        if record is None or record.image.status in ("saving", "importing"):
            await self.undo_upload(image_id)
            _log.warning(
                "image %s: removed the data that an interrupted upload or deletion left; "
                "if the image still exists, upload or import its data again",
                image_id,
            )
        await self._clean_up_interrupted_import(image_id)

    async def undo_upload(self, image_id: str) -> None:
        """Remove an image's stored data. If the image's status is saving, set it to queued.

        If the image has another status or does not exist, only removes the data. Raises Unavailable
        or StorageFull if the disk cannot be written; the data may then be removed already.
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
