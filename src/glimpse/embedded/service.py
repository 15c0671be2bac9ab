"""EmbeddedImageService: the images kept by this process, and what the Image API needs besides."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from glimpse.embedded.data import ImageData, ImageStore
from glimpse.embedded.matching import listing_rule
from glimpse.embedded.sorting import sorted_pages
from glimpse.embedded.sqlite.listing import is_visible, may_edit
from glimpse.embedded.sqlite.records import Catalog, connect
from glimpse.embedded.sqlite.writer import Writer
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
    Invalid,
    MarkerNotFound,
    MarkerNotVisible,
    NotFound,
    PropertyLimitExceeded,
    PropertyNotFound,
)

_PAGE = 200
_RESERVED = "os_glance_"


class NoData(NotFound):
    """The image exists and has no data (yet)."""


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to be made. `id` None: a new one; `owner` None: the caller's project."""

    id: str | None = None
    name: str | None = None
    visibility: str = "shared"
    owner: str | None = None
    min_ram: int = 0
    min_disk: int = 0
    protected: bool = False
    os_hidden: bool = False
    disk_format: str | None = None
    container_format: str | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


class EmbeddedImageService:
    """An ImageService over a catalog and a data directory of this machine."""

    @classmethod
    def open(cls, state_dir: Path) -> "EmbeddedImageService":
        """Open, or make, the files in `state_dir`. Raises schema.NewerSchema."""
        return cls(state_dir)

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = state_dir / "catalog.sqlite"
        self._reader = connect(path)
        path.chmod(0o600)
        self._catalog = Catalog(self._reader)
        self._writer = Writer(connect(path))
        self._data = ImageStore(state_dir / "data")

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages; see ImageService."""
        after = self._place_of_marker(caller, query.marker)
        if query.sort:
            async for page in sorted_pages(self._catalog, caller, query):
                yield page
            return
        is_listed = listing_rule(caller, query)
        wanted = query.limit
        count = min(_PAGE, wanted + 1) if wanted is not None else _PAGE
        while True:
            rows = self._catalog.page(caller, query, after, count)
            images = [row.image for row in rows if is_listed(row.image)]
            exhausted = len(rows) < count
            more = wanted is not None and len(images) > wanted
            if more or exhausted or wanted == 0:
                yield Page(images[:wanted], last=True, more=more)
                return
            if images:
                yield Page(images, last=False)
            if wanted is not None:
                wanted -= len(images)
            after = (rows[-1].position, rows[-1].number)
            count = _PAGE  # few of the candidates match: read on in larger steps
            await asyncio.sleep(0)  # others get their turn between pages

    def _place_of_marker(self, caller: Caller, marker: str | None) -> tuple[int, int] | None:
        if marker is None:
            return None
        image = self._catalog.get(marker)
        if image is None:
            raise MarkerNotFound(marker)
        if not self._sees(caller, image):
            raise MarkerNotVisible(marker)
        return self._catalog.place(marker)

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """See ImageService."""
        image = self._catalog.get(image_id)
        if image is None or not self._sees(caller, image):
            raise ImageNotFound(image_id)
        return image

    def _sees(self, caller: Caller, image: Image) -> bool:
        return _sees(self._catalog, caller, image)

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """See ImageService."""
        for key, value in changes.set.items():
            _check_text(key, key)
            _check_text(key, value)

        def change(catalog: Catalog) -> Image:
            image = _visible(catalog, caller, image_id)
            properties = _changed(image.properties, changes)
            _check_editable(caller, image)
            if any(key.startswith(_RESERVED) for key in changes.set):
                raise Forbidden(f"Properties that start with {_RESERVED} are reserved.")
            if properties == image.properties:
                return image
            text = orjson.dumps(properties).decode()
            after = image._replace(properties_json=text, updated_at=now())
            catalog.replace(image, after)
            return after

        return await self._writer.write(change)

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """See ImageService. The data goes with the record."""

        def delete(catalog: Catalog) -> None:
            image = _visible(catalog, caller, image_id)
            _check_editable(caller, image)
            if image.protected:
                raise Forbidden(f"Image {image_id} is protected and cannot be deleted.")
            catalog.delete(image)

        await self._writer.write(delete)
        await self._data.delete(image_id)

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  the port's
        """See ImageService."""
        return BASE_ATTRIBUTES

    async def create_image(self, caller: Caller, new: NewImage) -> Image:
        """Make an image without data, in status queued. Raises Forbidden, Invalid, Conflict."""
        owner = new.owner if new.owner is not None else caller.project_id
        if owner != caller.project_id and not caller.is_admin:
            raise Forbidden("You are not permitted to create images owned by another project.")
        _check_publishing(caller, new.visibility)
        for text in (new.name, *new.tags, *new.properties, *new.properties.values()):
            if text is not None:
                _check_text("image", text)
        if any(key.startswith(_RESERVED) for key in new.properties):
            raise Forbidden(f"Properties that start with {_RESERVED} are reserved.")
        moment = now()
        image = Image(
            id=new.id or str(uuid.uuid4()),
            name=new.name,
            status="queued",
            visibility=new.visibility,
            owner=owner,
            size=None,
            virtual_size=None,
            min_ram=new.min_ram,
            min_disk=new.min_disk,
            protected=new.protected,
            os_hidden=new.os_hidden,
            disk_format=new.disk_format,
            container_format=new.container_format,
            checksum=None,
            os_hash_algo=None,
            os_hash_value=None,
            created_at=moment,
            updated_at=moment,
            tags_json=orjson.dumps(sorted(set(new.tags))).decode(),
            properties_json=orjson.dumps(dict(new.properties)).decode(),
        )

        def insert(catalog: Catalog) -> Image:
            if catalog.get(image.id) is not None:
                raise Conflict(f"Image ID {image.id} already exists!")
            catalog.insert(image)
            return image

        return await self._writer.write(insert)

    async def update_image(
        self, caller: Caller, image_id: str, update: Callable[[Image], Image]
    ) -> Image:
        """Store what `update`, a pure function, makes of the image, in one transaction.

        Raises ImageNotFound, Forbidden, and whatever `update` raises.
        """

        def change(catalog: Catalog) -> Image:
            image = _visible(catalog, caller, image_id)
            _check_editable(caller, image)
            after = update(image)
            if after == image:
                return image
            if after.owner != image.owner and not caller.is_admin:
                raise Forbidden("Only an admin may give an image away.")
            if after.visibility != image.visibility:
                _check_publishing(caller, after.visibility)
            for text in (after.name or "", *after.tags, *_texts(after.properties)):
                _check_text("image", text)
            after = after._replace(updated_at=now())
            catalog.replace(image, after)
            return after

        return await self._writer.write(change)

    async def set_member(
        self, caller: Caller, image_id: str, member_id: str, status: str = "pending"
    ) -> None:
        """Share an image with a project. Raises ImageNotFound, Forbidden."""

        def change(catalog: Catalog) -> None:
            image = _visible(catalog, caller, image_id)
            _check_editable(caller, image)
            catalog.set_member(image, member_id, status, now())

        await self._writer.write(change)

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
            if image.status != "saving":
                raise Conflict(f"Image status transition from {image.status} is not allowed.")
            return image._replace(
                status="active",
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
        def change(image: Image) -> Image:
            if image.status not in expected:
                raise Conflict(f"Image status transition from {image.status} is not allowed.")
            return image._replace(status=status)

        return await self.update_image(caller, image_id, change)

    async def set_activation(self, caller: Caller, image_id: str, *, active: bool) -> None:
        """Deactivate an image, so that its data is an admin's only, or make it active again."""
        if not caller.is_admin:
            await self.get_image(caller, image_id)
            raise Forbidden("Only an admin may deactivate or reactivate an image.")
        wanted = "active" if active else "deactivated"
        await self._set_status(caller, image_id, wanted, expected=("active", "deactivated"))

    async def open_data(self, caller: Caller, image_id: str) -> ImageData:
        """The data of an image. Raises ImageNotFound, Forbidden, NoData."""
        image = await self.get_image(caller, image_id)
        if image.status == "deactivated" and not caller.is_admin:
            raise Forbidden("The requested image has been deactivated. Image data is forbidden.")
        data = self._data.open(image_id, image.size or 0, image.checksum)
        if data is None:
            raise NoData(f"Image {image_id} has no data.")
        return data

    async def write(self, work: Callable[[Catalog], None]) -> None:
        """Run a bulk change of records (`load`) in one transaction."""
        await self._writer.write(work)

    async def close(self) -> None:
        """Write what was acknowledged to be written, then close the files."""
        await asyncio.to_thread(self._writer.close)
        self._reader.close()


def now() -> str:
    """The time, in UTC seconds, as images show it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sees(catalog: Catalog, caller: Caller, image: Image) -> bool:
    status = None
    if image.visibility == "shared" and caller.project_id not in (None, image.owner):
        status = catalog.member_status(image.id, caller.project_id)
    return is_visible(caller, image, status)


def _visible(catalog: Catalog, caller: Caller, image_id: str) -> Image:
    image = catalog.get(image_id)
    if image is None or not _sees(catalog, caller, image):
        raise ImageNotFound(image_id)
    return image


def _check_editable(caller: Caller, image: Image) -> None:
    if not may_edit(caller, image):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")


def _check_publishing(caller: Caller, visibility: str) -> None:
    if visibility == "public" and not caller.is_admin:
        raise Forbidden("Only an admin may publish an image.")


def _texts(properties: Mapping[str, str | None]) -> Iterator[str]:
    for key, value in properties.items():
        yield key
        yield value or ""


def _check_text(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{name!r} holds text that is not valid Unicode.") from None
    if "\0" in text:
        raise Invalid(f"{name!r} holds a NUL character.")


def _changed(properties: dict[str, str | None], changes: PropertyChanges) -> dict[str, str | None]:
    """Properties after the changes. Raises PropertyNotFound, PropertyLimitExceeded."""
    for key in changes.remove:
        if key not in properties:
            raise PropertyNotFound(key)
    kept = {
        key: value
        for key, value in properties.items()
        if key not in changes.remove and (not changes.replace or key in changes.keep)
    }
    changed = {**kept, **changes.set}
    grows = bool(changes.set or changes.counted)
    if grows and changes.limit is not None and len(changed) + changes.counted > changes.limit:
        raise PropertyLimitExceeded(changes.limit)
    return changed
