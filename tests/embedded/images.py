"""Records and callers that the tests of the embedded image service share."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

from glimpse.embedded.service import EmbeddedImageService
from glimpse.image_api.bulk_load import load
from glimpse.images import Caller, Image, ImageQuery

OWNER = Caller("u-owner", "owner", frozenset({"member"}))
OTHER = Caller("u-other", "other", frozenset({"member"}))
ADMIN = Caller("u-admin", "admin", frozenset({"admin"}), is_admin=True)
CREATED = "2024-02-01T10:20:30Z"


def document(**changes: Any) -> dict[str, Any]:
    """An image of the owner's as the Image API shows one."""
    image_id = str(uuid.uuid4())
    return {
        "id": image_id,
        "name": image_id,
        "status": "active",
        "visibility": "private",
        "owner": "owner",
        "created_at": CREATED,
        "updated_at": CREATED,
        **changes,
    }


async def make(service: EmbeddedImageService, **changes: Any) -> str:
    """Load one image; return its id."""
    record = document(**changes)
    await load(service, [record])
    return str(record["id"])


async def listed(
    service: EmbeddedImageService, caller: Caller, query: ImageQuery | None = None
) -> list[str]:
    """The ids that a list shows, in its order."""
    return [image.id for image in await images(service, caller, query)]


async def images(
    service: EmbeddedImageService, caller: Caller, query: ImageQuery | None = None
) -> list[Image]:
    """The images that a list shows."""
    pages = service.list_images(caller, query or ImageQuery())
    return [image async for page in pages for image in page.images]


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    """An upload."""
    for chunk in chunks:
        yield chunk
