"""A task that creates an image does nothing to an image that exists already."""

from pathlib import Path

import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Conflict
from tests.embedded.data import create_image_with_data
from tests.embedded.images import ADMIN
from tests.support.embedded import open_images

_CONTENT = {"import_from": "http://192.0.2.1/image"}


async def create_task(images: EmbeddedImageService, image_id: str) -> None:
    await images.tasks.create_import(
        ADMIN, NewImage(id=image_id), _CONTENT, "request", lambda _: None
    )


async def test_a_task_for_the_id_of_an_existing_image_is_refused_without_a_trace(
    tmp_path: Path,
) -> None:
    images = open_images(tmp_path / "state")
    image_id = await create_image_with_data(images)
    with pytest.raises(Conflict, match="already exists"):
        await create_task(images, image_id)
    assert await images.imports.tasks_of_image(ADMIN, image_id) == []
    assert list((tmp_path / "state" / "uploads").iterdir()) == []
    await images.close()
