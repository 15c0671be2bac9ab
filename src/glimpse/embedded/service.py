"""EmbeddedImageService: the images kept by this process, and what the Image API needs besides."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path

from glimpse.embedded import image_rules
from glimpse.embedded.catalog import Catalog, Members, Record
from glimpse.embedded.directory_store import DirectoryStore, ImageData, NoData
from glimpse.embedded.image_rules import NewImage
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.embedded.upload_locks import UploadLocks
from glimpse.embedded.virtual_size import virtual_size
from glimpse.images import (
    BASE_ATTRIBUTES,
    Action,
    Caller,
    Image,
    ImageQuery,
    Page,
    Permissions,
    PropertyChanges,
)
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    ImageServiceError,
    MarkerNotFound,
    MarkerNotVisible,
    ServiceError,
    Unavailable,
)

IMAGE_SIZE_CAP = 2**40  # bytes of an image's data, as image_size_cap of the Image service
_log = logging.getLogger(__name__)


class EmbeddedImageService:
    """An ImageService over a catalog of records and a store of their data.

    Both know an id in lower case; who calls may write it in any (RFC 9562, 4).
    """

    @classmethod
    def open(
        cls,
        state_dir: Path,
        *,
        image_size_cap: int = IMAGE_SIZE_CAP,
        permissions: Permissions | None = None,
    ) -> "EmbeddedImageService":
        """Open, or make, the files in `state_dir`. Raises UnusableCatalog."""
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            SQLiteCatalog.open(state_dir / "catalog.sqlite"),
            DirectoryStore(state_dir / "data", image_size_cap),
            UploadLocks(state_dir / "uploads"),
            permissions,
        )

    def __init__(
        self,
        catalog: Catalog,
        data: DirectoryStore,
        claims: UploadLocks,
        permissions: Permissions | None = None,
    ) -> None:
        """Without `permissions`, callers may do what their roles allow by default."""
        self.permissions = permissions or Permissions()
        self._catalog = catalog
        self._data = data
        self._claims = claims

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages; see ImageService."""
        self.permissions.check(caller, Action.GET_IMAGES)
        accepts = self.permissions.list_filter(caller)
        marker = await self._marker(caller, query.marker) if query.marker is not None else None
        wanted = query.limit
        async with contextlib.aclosing(self._catalog.pages(caller, query, marker)) as pages:
            async for page in pages:
                images = page.images if accepts is None else [*filter(accepts, page.images)]
                found = len(images)
                if wanted is not None and found > wanted:
                    yield Page(images[:wanted], last=True, more=True)
                    return
                if found or page.last:
                    yield page if accepts is None else page._replace(images=images)
                if wanted is not None:
                    wanted -= found

    async def _marker(self, caller: Caller, marker: str) -> Image:
        record = await self._catalog.get(marker.lower(), caller.project_id)
        if record is None:
            raise MarkerNotFound(marker)
        if not image_rules.is_visible(caller, record) or not self.permissions.allows(
            caller, Action.GET_IMAGE, record.image
        ):
            raise MarkerNotVisible(marker)
        return record.image

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """See ImageService."""
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return image_rules.visible(caller, record, self.permissions)

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """See ImageService."""
        return await self._catalog.update(
            image_id.lower(),
            caller.project_id,
            lambda record: image_rules.with_properties(caller, record, changes, self.permissions),
        )

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """See ImageService. The data goes with the record."""
        image = await self.get_image(caller, image_id)
        claim = None
        if self._data.has(image.id):  # what a crash cuts off, the next start makes up for
            claim = await asyncio.to_thread(self._claims.take, image.id)
        refused = False
        try:
            await self._catalog.delete(
                image.id,
                caller.project_id,
                lambda record: image_rules.deletable(caller, record, self.permissions),
            )
            with contextlib.suppress(ServiceError):  # what is left then, the next start removes
                await self._data.delete(image.id)
        except ImageServiceError:
            refused = True
            raise
        finally:
            if claim is not None and (refused or not self._data.has(image.id)):
                claim.release()
            elif claim is not None:
                claim.abandon()

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  the port's
        """See ImageService."""
        return BASE_ATTRIBUTES

    async def create_image(self, caller: Caller, new: NewImage) -> Image:
        """Make an image without data, in status queued. Raises Forbidden, Invalid, Conflict."""
        image = image_rules.new_record(caller, new, self.permissions)
        await self._catalog.insert(image)
        return image

    async def update_image(
        self,
        caller: Caller,
        image_id: str,
        update: Callable[[Image], Image],
        action: Action = Action.MODIFY_IMAGE,
    ) -> Image:
        """Store what `update`, a pure function, makes of the image, in one transaction.

        `action` is what the caller needs permission for. Raises ImageNotFound, Forbidden, and
        whatever `update` raises.
        """

        def change(record: Record) -> Image:
            before = image_rules.editable(caller, record, self.permissions, action)
            return image_rules.updated(caller, before, update(before), self.permissions)

        return await self._catalog.update(image_id.lower(), caller.project_id, change)

    async def set_member(
        self, caller: Caller, image_id: str, member_id: str, status: str = "pending"
    ) -> None:
        """Share an image with a project. Raises ImageNotFound, Forbidden."""
        await self._catalog.set_member(
            image_id.lower(),
            caller.project_id,
            lambda record: image_rules.editable(
                caller, record, self.permissions, Action.ADD_MEMBER
            ),
            (member_id, status, image_rules.now()),
        )

    async def upload(
        self,
        caller: Caller,
        image_id: str,
        chunks: AsyncIterator[bytes],
        check: Callable[[Image], None] = lambda _: None,
    ) -> None:
        """Take an image's data: queued, then saving, then active; back to queued on a failure.

        `check` may refuse the image by raising; it is called after the caller's permission is
        checked. Raises ImageNotFound, Forbidden, Conflict when it has data or is being given some,
        what DirectoryStore.put raises, and whatever `chunks` and `check` raise.
        """
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        image = image_rules.editable(caller, record, self.permissions, Action.UPLOAD_IMAGE)
        check(image)
        claim = await asyncio.to_thread(self._claims.take, image.id)
        if claim is None:
            raise Conflict(f"Image {image_id} is being given data by another request.")
        try:
            if claim.left:  # the catalog could not be written when an upload failed
                await self._settle(image.id)
            await self._set_status(caller, image_id, "saving", expected=("queued",))
            await self._take_data(caller, image.id, chunks)
        finally:
            if await self._is_settled(image.id):
                claim.release()
            else:  # the catalog could not be written: the next upload, or start, tries again
                claim.abandon()

    async def _is_settled(self, image_id: str) -> bool:
        try:
            record = await self._catalog.get(image_id, None)
        except Unavailable:
            return False
        return record is None or record.image.status != "saving"

    async def _take_data(self, caller: Caller, image_id: str, chunks: AsyncIterator[bytes]) -> None:
        def finish(image: Image) -> Image:
            return image_rules.with_status(image, "active", expected=("saving",))._replace(
                size=stored.size,
                virtual_size=virtual_size(image.disk_format, stored.head, stored.size),
                checksum=stored.checksum,
                os_hash_algo="sha512",
                os_hash_value=stored.os_hash_value,
            )

        try:
            stored = await self._data.put(image_id, chunks)
            await self.update_image(caller, image_id, finish, Action.UPLOAD_IMAGE)
        except BaseException:
            await asyncio.shield(self._undo_upload(image_id))
            raise

    async def _undo_upload(self, image_id: str) -> None:
        """Remove what there is of an image's data; queue the image again, if it still exists."""
        await self._data.delete(image_id)
        with contextlib.suppress(ImageNotFound, Conflict):
            await self._catalog.update(
                image_id,
                None,
                lambda record: image_rules.with_status(
                    record.image, "queued", expected=("saving",)
                )._replace(updated_at=image_rules.now()),
            )

    async def recover(self) -> None:
        """Undo the uploads that ended with their processes; those of processes that live go on.

        Any process may do it at any time; a start is when it is needed.
        """
        for claim in await asyncio.to_thread(lambda: list(self._claims.abandoned())):
            await self._settle(claim.image_id)
            claim.release()

    async def _settle(self, image_id: str) -> None:
        """Undo what is left of an upload that nobody could undo; the image is claimed by now."""
        record = await self._catalog.get(image_id, None)
        await self._data.delete_unfinished(image_id)
        if record is None or record.image.status == "saving":
            await self._undo_upload(image_id)
            _log.warning("what was left of an upload of image %s is undone", image_id)

    async def _set_status(
        self, caller: Caller, image_id: str, status: str, *, expected: tuple[str, ...]
    ) -> Image:
        return await self.update_image(
            caller,
            image_id,
            lambda image: image_rules.with_status(image, status, expected=expected),
            Action.UPLOAD_IMAGE,
        )

    async def open_data(self, caller: Caller, image_id: str) -> ImageData:
        """The data of an image. Raises ImageNotFound, Forbidden, NoData."""
        image = await self.get_image(caller, image_id)
        if image.status == "deactivated" and not caller.is_admin:
            raise Forbidden("The requested image has been deactivated. Image data is forbidden.")
        self.permissions.check(caller, Action.DOWNLOAD_IMAGE, image)
        data = self._data.open(image.id, image.size or 0, image.checksum)
        if data is None or image.status in ("queued", "saving"):
            raise NoData(f"Image {image_id} has no data.")
        return data

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store records as they are, all or none; images with the same ids are replaced."""
        await self._catalog.put(records)

    async def close(self) -> None:
        """Write what was acknowledged to be written, then close the files."""
        await self._catalog.close()
