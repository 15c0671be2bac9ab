"""SnapshotData: gives images of snapshots their data, for the embedded servers."""

from collections.abc import AsyncIterator, Callable, Mapping

import orjson

from glimpse.embedded import image_changes
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.upload_locks import UploadLock
from glimpse.embedded.uploads import Uploads
from glimpse.images import Image


class SnapshotData:
    """Reads and changes the images of snapshots; checks no permissions.

    The caller holds the upload lock of an image from `lock` to the end of the snapshot: then no
    client can upload data to it, and an abandoned lock leads the next process to it. Any method may
    raise Unavailable, and those that change an image ImageNotFound.
    """

    def __init__(self, catalog: Catalog, uploads: Uploads, clock: Callable[[], str]) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self.clock = clock

    async def get(self, image_id: str) -> Image | None:
        """Return the image with this id, in lower case; None if there is none."""
        record = await self._catalog.get(image_id, None)
        return record.image if record is not None else None

    async def lock(self, image_id: str) -> UploadLock:
        """Lock an image that need not exist yet. Raises Conflict if it is locked."""
        return await self._uploads.acquire(image_id)

    async def begin(self, image_id: str, properties: Mapping[str, str], size: int) -> Image:
        """Let the snapshot be saved: the image gets the status saving, formats and `properties`.

        The data will have `size` bytes. Returns the image. Raises Conflict if it is neither queued
        nor saving, and QuotaExceeded.
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
        """Store the data of an image in status saving, which becomes active.

        If an error is raised, also if the task is cancelled, the image is queued again. Raises what
        `Uploads.store_data` raises.
        """
        await self._uploads.store_data(
            image.id, image.owner, lambda record: record.image, chunks, self._catalog.update
        )

    async def delete(self, image_id: str) -> None:
        """Delete an image and its data."""
        await self._uploads.delete(image_id, None, lambda _: None)
