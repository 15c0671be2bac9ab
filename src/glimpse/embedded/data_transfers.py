"""DataTransfers: uploads and downloads image data for callers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from glimpse.embedded import image_permissions
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_data import ImageData, NoData
from glimpse.embedded.uploads import Uploads
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Forbidden, ImageNotFound


class DataTransfers:
    """Uploads and downloads image data. All methods except `has` check permissions.

    An `image_id` may be in upper or lower case. Any method may raise Unavailable.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        uploads: Uploads,
        permissions: Permissions,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._uploads = uploads
        self._permissions = permissions

    def directory(self, caller: Caller) -> Path:
        """Return the directory that contains the data of all images.

        Raises Forbidden if `caller` may not see the details of stores: by default, only admins and
        callers with the role service may.
        """
        self._permissions.check(caller, Action.STORES_INFO_DETAIL)
        return self._store.directory

    def has(self, image_id: str) -> bool:
        """Return True if data is stored for this image id. Checks no permission.

        True does not mean that the image exists: the data of a deleted image may not be removed
        yet. Returns False if the directory of the data is missing.
        """
        return self._store.has(image_id.lower())

    async def upload(
        self,
        caller: Caller,
        image_id: str,
        chunks: AsyncIterator[bytes],
        check: Callable[[Image], None] = lambda _: None,
        size: int | None = None,
    ) -> None:
        """Store the data of a queued image; the image becomes saving, and then active.

        If the caller may upload, `check` gets the image before the upload, and may raise an error
        to prevent it. The permission is checked again when the data is complete. `size` is the
        length of the data in bytes; None if it is unknown.

        If an error or a cancellation ends the upload, the data is removed and the image is queued
        again. But the image stays saving until the next upload or the next start of Glimpse if the
        disk cannot be written, or if the task is cancelled just when the image becomes saving. A
        cancellation just when the image becomes active has no effect.

        Raises ImageNotFound if there is no such image or `caller` may not see it; Forbidden if
        `caller` may not upload the image's data; what `check` and `chunks` raise; Conflict if the
        image is not queued or is being given data by another request; QuotaExceeded; DataTooLarge;
        InvalidImageData if the content rules do not allow the data; StorageFull.
        """
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        image = image_permissions.require_editable(
            caller, record, self._permissions, Action.UPLOAD_IMAGE
        )
        check(image)
        await self._uploads.upload(
            image.id,
            caller.project_id,
            lambda record: image_permissions.require_editable(
                caller, record, self._permissions, Action.UPLOAD_IMAGE
            ),
            chunks,
            size,
        )

    async def find_data(
        self, caller: Caller, image_id: str, check: Callable[[], object] = lambda: None
    ) -> ImageData:
        """Return an object that reads an image's data. The file is opened by `ImageData.read`.

        `check` is called if `caller` may download the data, and may raise an error to prevent the
        download.

        Raises ImageNotFound if there is no such image or `caller` may not see it. Raises Forbidden
        if `caller` may not download the data, or if the image is deactivated and `caller` is no
        admin. Raises what `check` raises. Raises NoData if the image has no complete data. Raises
        Unavailable if the directory of the data is missing.
        """
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        image = image_permissions.require_visible(caller, record, self._permissions)
        if image.status == "deactivated" and not caller.is_admin:
            raise Forbidden("The requested image has been deactivated. Image data is forbidden.")
        self._permissions.check(caller, Action.DOWNLOAD_IMAGE, image)
        check()
        data = self._store.find_data(image.id, image.size or 0, image.checksum)
        if data is None or image.status in ("queued", "saving", "uploading", "importing"):
            raise NoData(f"Image {image_id} has no data.")
        return data
