"""SnapshotData: gives the images of snapshots their data, for the embedded servers."""

from collections.abc import AsyncIterator, Callable, Mapping

import orjson

from glimpse.embedded import image_changes
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.upload_locks import UploadLock
from glimpse.embedded.uploads import Uploads
from glimpse.images import Image


class SnapshotData:
    """Reads and changes the images of snapshots; checks no permissions.

    The caller has to `lock` an image before the snapshot, and to release or abandon the lock at the
    end. While the image is locked, no client can upload data to it. If the lock is abandoned, or
    the process ends, the next process finds the image by its lock, and finishes or undoes the
    snapshot. If `lock` or an upload locks the image before that, the snapshot is undone.

    An `image_id` must be in lower case. Any method may raise Unavailable. Methods that change an
    image raise ImageNotFound if the image does not exist.
    """

    def __init__(self, catalog: Catalog, uploads: Uploads, clock: Callable[[], str]) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self.clock = clock

    async def get(self, image_id: str) -> Image | None:
        """Return the image with this id; None if no image has the id."""
        record = await self._catalog.get(image_id, None)
        return record.image if record is not None else None

    async def lock(self, image_id: str) -> UploadLock:
        """Lock an image, and return the lock. Raises Conflict if the image is locked already.

        The image need not exist yet. The caller has to call `release` or `abandon` of the lock. If
        the previous holder abandoned the lock, the incomplete data that it left is removed first.
        Raises Unavailable or StorageFull if the disk cannot be read or written. After an error, the
        caller does not hold the lock.
        """
        return await self._uploads.acquire(image_id)

    async def begin(self, image_id: str, properties: Mapping[str, str], size: int) -> Image:
        """Set the image of a snapshot to the status saving, and return the image.

        The image gets the disk format raw and the container format bare. `properties` are added to
        the image's own, and replace those with the same keys. `size` is the length in bytes of the
        data that will be stored. Raises ImageNotFound if no image has the id. Raises Conflict if
        the image is neither queued nor saving. Raises QuotaExceeded if the quotas of the project
        that owns the image do not allow the upload.
        """
        image = await self.get(image_id)
        owner = image.owner if image is not None else None

        def change(image: Image) -> Image:
            saving = image_changes.with_status(
                image, "saving", expected=("queued", "saving"), now=self.clock()
            )
            merged = {**saving.properties, **properties}
            return saving._replace(
                disk_format="raw",
                container_format="bare",
                properties_json=orjson.dumps(merged).decode(),
            )

        return await self._catalog.update(
            image_id,
            owner,
            lambda record: change(record.image),
            lambda usage: self._uploads.quotas.check_upload(owner, usage, size),
        )

    async def store(self, image: Image, chunks: AsyncIterator[bytes]) -> None:
        """Store the data of an image in status saving; the image becomes active.

        The caller must hold the image's upload lock. If an error is raised or the task is
        cancelled, the data is removed, and an image in status saving becomes queued again, unless
        the disk cannot be written. But a cancellation has no effect while the last step, the write
        of the active image, runs.

        Raises ImageNotFound if the image was deleted; Conflict if the image is neither saving nor
        importing; QuotaExceeded; DataTooLarge; InvalidImageData; StorageFull; and what `chunks`
        raises.
        """
        await self._uploads.store_data(
            image.id, image.owner, lambda record: record.image, chunks, self._catalog.update
        )

    async def delete(self, image_id: str) -> None:
        """Delete an image and its data. Raises ImageNotFound if no image has the id.

        If the data cannot be removed, no error is raised. If the caller then abandons the image's
        lock, the next process removes the data.
        """
        await self._uploads.delete(image_id, None, lambda _: None)
