"""EmbeddedImageService: the images kept by this process, and what the Image API needs besides."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from glimpse.embedded import rules
from glimpse.embedded.data import ImageData, ImageStore
from glimpse.embedded.engine import Catalog, Members, Record
from glimpse.embedded.rules import NewImage
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.images import (
    BASE_ATTRIBUTES,
    Caller,
    Image,
    ImageQuery,
    Page,
    PropertyChanges,
)
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    MarkerNotFound,
    MarkerNotVisible,
    NotFound,
)


class NoData(NotFound):
    """The image exists and has no data (yet)."""


class EmbeddedImageService:
    """An ImageService over a catalog of records and a store of their data."""

    @classmethod
    def open(cls, state_dir: Path) -> "EmbeddedImageService":
        """Open, or make, the files in `state_dir`. Raises NewerSchema."""
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        catalog = SQLiteCatalog.open(state_dir / "catalog.sqlite")
        return cls(catalog, ImageStore(state_dir / "data"))

    def __init__(self, catalog: Catalog, data: ImageStore) -> None:
        self._catalog = catalog
        self._data = data

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages; see ImageService."""
        marker = await self._marker(caller, query.marker) if query.marker is not None else None
        wanted = query.limit
        async with aclosing(self._catalog.pages(caller, query, marker)) as pages:
            async for page in pages:
                found = len(page.images)
                if wanted is not None and found > wanted:
                    yield Page(page.images[:wanted], last=True, more=True)
                    return
                if found or page.last:
                    yield page
                if wanted is not None:
                    wanted -= found

    async def _marker(self, caller: Caller, marker: str) -> Image:
        record = await self._catalog.get(marker, caller.project_id)
        if record is None:
            raise MarkerNotFound(marker)
        if not rules.is_visible(caller, record):
            raise MarkerNotVisible(marker)
        return record.image

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """See ImageService."""
        record = await self._catalog.get(image_id, caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return rules.visible(caller, record)

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """See ImageService."""
        for key, value in changes.set.items():
            rules.check_text(key, key)
            rules.check_text(key, value)
        return await self._catalog.update(
            image_id,
            caller.project_id,
            lambda record: rules.with_properties(caller, record, changes),
        )

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """See ImageService. The data goes with the record."""
        await self._catalog.delete(
            image_id, caller.project_id, lambda record: rules.deletable(caller, record)
        )
        await self._data.delete(image_id)

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  the port's
        """See ImageService."""
        return BASE_ATTRIBUTES

    async def create_image(self, caller: Caller, new: NewImage) -> Image:
        """Make an image without data, in status queued. Raises Forbidden, Invalid, Conflict."""
        image = rules.new_record(caller, new)
        await self._catalog.insert(image)
        return image

    async def update_image(
        self, caller: Caller, image_id: str, update: Callable[[Image], Image]
    ) -> Image:
        """Store what `update`, a pure function, makes of the image, in one transaction.

        Raises ImageNotFound, Forbidden, and whatever `update` raises.
        """

        def change(record: Record) -> Image:
            before = rules.editable(caller, record)
            return rules.updated(caller, before, update(before))

        return await self._catalog.update(image_id, caller.project_id, change)

    async def set_member(
        self, caller: Caller, image_id: str, member_id: str, status: str = "pending"
    ) -> None:
        """Share an image with a project. Raises ImageNotFound, Forbidden."""
        await self._catalog.set_member(
            image_id,
            caller.project_id,
            lambda record: rules.editable(caller, record),
            (member_id, status, rules.now()),
        )

    async def upload(self, caller: Caller, image_id: str, chunks: AsyncIterator[bytes]) -> None:
        """Take an image's data: queued, then saving, then active; back to queued on a failure.

        Raises ImageNotFound, Forbidden, Conflict when it has data or is being given some, and
        whatever `chunks` raises.
        """
        await self._set_status(caller, image_id, "saving", expected=("queued",))
        try:
            stored = await self._data.put(image_id, chunks)
        except BaseException:
            await asyncio.shield(self._forget_data(caller, image_id))
            raise

        def finish(image: Image) -> Image:
            return rules.with_status(image, "active", expected=("saving",))._replace(
                size=stored.size,
                checksum=stored.checksum,
                os_hash_algo="sha512",
                os_hash_value=stored.os_hash_value,
            )

        try:
            await self.update_image(caller, image_id, finish)
        except ImageNotFound:  # deleted meanwhile
            await self._data.delete(image_id)
            raise

    async def _forget_data(self, caller: Caller, image_id: str) -> None:
        await self._data.delete(image_id)
        try:
            await self._set_status(caller, image_id, "queued", expected=("saving",))
        except (ImageNotFound, Conflict):
            return  # deleted meanwhile

    async def _set_status(
        self, caller: Caller, image_id: str, status: str, *, expected: tuple[str, ...]
    ) -> Image:
        return await self.update_image(
            caller, image_id, lambda image: rules.with_status(image, status, expected=expected)
        )

    async def open_data(self, caller: Caller, image_id: str) -> ImageData:
        """The data of an image. Raises ImageNotFound, Forbidden, NoData."""
        image = await self.get_image(caller, image_id)
        if image.status == "deactivated" and not caller.is_admin:
            raise Forbidden("The requested image has been deactivated. Image data is forbidden.")
        data = self._data.open(image_id, image.size or 0, image.checksum)
        if data is None:
            raise NoData(f"Image {image_id} has no data.")
        return data

    async def put_records(self, records: Iterable[tuple[Image, Members]]) -> None:
        """Store records as they are (`load`), all or none; the same ids are replaced."""
        await self._catalog.put_many(records)

    async def close(self) -> None:
        """Write what was acknowledged to be written, then close the files."""
        await self._catalog.close()
