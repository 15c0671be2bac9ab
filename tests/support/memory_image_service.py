"""An ImageService that keeps images in memory.

It passes the contract tests in tests/images.
"""

import itertools
import uuid
from collections.abc import AsyncGenerator, Mapping

import orjson

from glimpse.images import (
    BASE_ATTRIBUTES,
    RESERVED_PREFIX,
    Action,
    Caller,
    Image,
    ImageQuery,
    Page,
    Permissions,
    PropertyChanges,
    apply_changes,
    filter_pages,
    image_from_document,
)
from glimpse.images.errors import (
    Forbidden,
    ImageNotFound,
    MarkerNotFound,
    MarkerNotVisible,
)

_SUPPORTED_FILTERS = frozenset(("names", "statuses", "properties", "marker", "limit"))


class MemoryImageService:
    """An ImageService with a dictionary of images.

    Lists support the filters of _SUPPORTED_FILTERS and the default order. A page has at most
    `page_size` images.
    """

    def __init__(self, permissions: Permissions | None = None, *, page_size: int = 100) -> None:
        self._permissions = permissions or Permissions()
        self._page_size = page_size
        self._images: dict[str, Image] = {}
        self._seconds = itertools.count()

    def create_image(
        self,
        caller: Caller,
        name: str | None = None,
        *,
        visibility: str = "private",
        protected: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> Image:
        """Create an active image of the caller's project, a second newer than the one before."""
        minutes, seconds = divmod(next(self._seconds), 60)
        created_at = f"2024-01-01T00:{minutes:02}:{seconds:02}Z"
        image = image_from_document(
            {
                **(properties or {}),
                "id": str(uuid.uuid4()),
                "name": name,
                "status": "active",
                "visibility": visibility,
                "owner": caller.project_id,
                "protected": protected,
                "created_at": created_at,
                "updated_at": created_at,
            }
        )
        self._images[image.id] = image
        return image

    async def put_image(self, image: Image) -> None:
        """Store the image without any check."""
        self._images[image.id] = image

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Implement ImageService.list_images."""
        self._permissions.check(caller, Action.GET_IMAGES)
        unsupported = [
            field
            for field in ImageQuery.__slots__
            if field not in _SUPPORTED_FILTERS and getattr(query, field) != _default(field)
        ]
        assert not unsupported, f"MemoryImageService does not filter by {unsupported}"
        accepts = self._permissions.list_filter(caller) or (lambda _: True)
        pages = self._pages(self._after(caller, query.marker))
        async for page in filter_pages(
            pages,
            lambda image: _is_listed(caller, image) and _matches(image, query) and accepts(image),
            query.limit,
        ):
            yield page

    def _after(self, caller: Caller, marker: str | None) -> list[Image]:
        """Return the images after the marker, newest first; all of them without a marker."""
        images = sorted(self._images.values(), key=lambda image: image.created_at, reverse=True)
        if marker is None:
            return images
        image = self._images.get(marker.lower())
        if image is None:
            raise MarkerNotFound(marker)
        if not _is_visible(caller, image):
            raise MarkerNotVisible(marker)
        return images[images.index(image) + 1 :]

    async def _pages(self, images: list[Image]) -> AsyncGenerator[Page, None]:
        for start in range(0, max(1, len(images)), self._page_size):
            end = start + self._page_size
            yield Page(images[start:end], is_last=end >= len(images))

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Implement ImageService.get_image."""
        image = self._images.get(image_id.lower())
        if image is None or not _is_visible(caller, image):
            raise ImageNotFound(image_id)
        self._permissions.check_visible(caller, image)
        return image

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Implement ImageService.change_properties."""
        image = await self.get_image(caller, image_id)
        before = image.properties
        after = apply_changes(before, changes)
        if any(key.startswith(RESERVED_PREFIX) for key in (*changes.set, *changes.remove)):
            raise Forbidden(f"Properties that start with {RESERVED_PREFIX} are reserved.")
        self._permissions.check(caller, Action.MODIFY_IMAGE, image)
        if after != before or image.visibility != "public":
            _check_own(caller, image)
        changed = image._replace(properties_json=orjson.dumps(after).decode())
        self._images[image.id] = changed
        return changed

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Implement ImageService.delete_image."""
        image = await self.get_image(caller, image_id)
        self._permissions.check(caller, Action.DELETE_IMAGE, image)
        _check_own(caller, image)
        if image.protected:
            raise Forbidden(f"Image {image_id} is protected and cannot be deleted.")
        del self._images[image.id]

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  the port's
        """Implement ImageService.base_attributes."""
        return BASE_ATTRIBUTES

    async def close(self) -> None:
        """Do nothing."""


def _default(field: str) -> object:
    return getattr(ImageQuery(), field)


def _is_visible(caller: Caller, image: Image) -> bool:
    is_own = caller.is_admin or image.owner == caller.project_id
    return is_own or image.visibility in ("public", "community")


def _is_listed(caller: Caller, image: Image) -> bool:
    is_own = image.owner == caller.project_id
    return _is_visible(caller, image) and (is_own or image.visibility != "community")


def _matches(image: Image, query: ImageQuery) -> bool:
    properties = image.properties
    return (
        (query.names is None or image.name in query.names)
        and (query.statuses is None or image.status in query.statuses)
        and all(properties.get(key) == value for key, value in query.properties.items())
    )


def _check_own(caller: Caller, image: Image) -> None:
    if not (caller.is_admin or image.owner == caller.project_id):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")
