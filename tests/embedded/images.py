"""Callers and images for tests of the embedded image service."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

from glimpse.bulk_load.loading import load
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller, Image, ImageQuery

OWNER = Caller("u-owner", "owner", frozenset({"member"}))
OTHER = Caller("u-other", "other", frozenset({"member"}))
ADMIN = Caller("u-admin", "admin", frozenset({"admin"}), is_admin=True)
CREATED = "2024-02-01T10:20:30Z"


def document(**changes: Any) -> dict[str, Any]:
    """Return the Image API document of an image of OWNER; `changes` replace attributes."""
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
    """Return the ids in a list, in its order."""
    return [image.id for image in await images(service, caller, query)]


async def images(
    service: EmbeddedImageService, caller: Caller, query: ImageQuery | None = None
) -> list[Image]:
    """Return the images in a list, in its order."""
    pages = service.list_images(caller, query or ImageQuery())
    return [image async for page in pages for image in page.images]


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    """Yield `chunks`, as the body of an upload."""
    for chunk in chunks:
        yield chunk
