"""The dates of an image change as in a real Glance."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded import image_changes
from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import PropertyChanges
from glimpse.images.errors import Conflict
from tests.embedded.images import OWNER, chunks_of
from tests.support.embedded import open_images

FIRST, LATER = "2024-02-01T10:20:30Z", "2024-02-01T10:20:33Z"


class Clock:
    """A clock that returns `now`, which tests set."""

    def __init__(self) -> None:
        self.time = FIRST

    def __call__(self) -> str:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def service(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedImageService]:
    opened = open_images(tmp_path / "state", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def image(service: EmbeddedImageService, clock: Clock) -> str:
    """An image that was created three seconds ago."""
    new = NewImage(disk_format="raw", container_format="bare", properties={"key": "value"})
    created = await service.create_image(OWNER, new)
    assert (created.created_at, created.updated_at) == (FIRST, FIRST)
    clock.time = LATER
    return created.id


async def dates(service: EmbeddedImageService, image_id: str) -> tuple[str, str]:
    found = await service.get_image(OWNER, image_id)
    return found.created_at, found.updated_at


async def test_upload_sets_updated_at(service: EmbeddedImageService, image: str) -> None:
    await service.data.upload(OWNER, image, chunks_of(b"x"))
    assert await dates(service, image) == (FIRST, LATER)


@pytest.mark.parametrize("name", ["new", None])
async def test_update_sets_updated_at_even_if_nothing_else_changes(
    service: EmbeddedImageService, image: str, name: str | None
) -> None:
    """The new name is None, as the old one."""
    await service.update_image(OWNER, image, lambda before: before._replace(name=name))
    assert await dates(service, image) == (FIRST, LATER)


@pytest.mark.parametrize(("value", "updated_at"), [("another", LATER), ("value", FIRST)])
async def test_unchanged_metadata_do_not_change_updated_at(
    service: EmbeddedImageService, image: str, value: str, updated_at: str
) -> None:
    """In this case, Compute sends no request to the Image service."""
    await service.change_properties(OWNER, image, PropertyChanges(set={"key": value}))
    assert await dates(service, image) == (FIRST, updated_at)


async def test_refused_update_does_not_change_updated_at(
    service: EmbeddedImageService, image: str
) -> None:
    with pytest.raises(Conflict):
        await service.update_image(
            OWNER,
            image,
            lambda before: image_changes.with_status(
                before, "active", expected=("saving",), now=LATER
            ),
        )
    assert await dates(service, image) == (FIRST, FIRST)
