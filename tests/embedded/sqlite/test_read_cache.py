"""ReadCache: bounded, and invalidated by each write."""

from contextlib import closing
from pathlib import Path

import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite import read_cache, schema
from glimpse.embedded.sqlite.list_step import ListingPosition, ListStep
from glimpse.embedded.sqlite.read_cache import ReadCache
from glimpse.images import PropertyChanges
from tests.embedded.images import OWNER, images
from tests.support.embedded import open_images


async def test_list_shows_what_another_process_has_written(tmp_path: Path) -> None:
    here, there = open_images(tmp_path), open_images(tmp_path)
    image = await here.create_image(OWNER, NewImage(properties={"colour": "red"}))
    assert [each.properties for each in await images(here, OWNER)] == [{"colour": "red"}]
    await there.change_properties(OWNER, image.id, PropertyChanges(set={"colour": "blue"}))
    assert [each.properties for each in await images(here, OWNER)] == [{"colour": "blue"}]
    await there.delete_image(OWNER, image.id)
    assert await images(here, OWNER) == []
    await here.close()
    await there.close()


async def test_list_shows_what_this_process_has_written(
    service: EmbeddedImageService,
) -> None:
    image = await service.create_image(OWNER, NewImage(properties={"colour": "red"}))
    assert [each.properties for each in await images(service, OWNER)] == [{"colour": "red"}]
    await service.change_properties(OWNER, image.id, PropertyChanges(set={"colour": "blue"}))
    assert [each.properties for each in await images(service, OWNER)] == [{"colour": "blue"}]


async def test_cache_of_large_images_is_bounded(
    service: EmbeddedImageService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_cache, "_MAX_CHARACTERS", 1000)
    image = await service.create_image(OWNER, NewImage(properties={"text": "x" * 255}))
    with closing(schema.open_and_migrate(tmp_path / "catalog.sqlite")) as connection:
        kept = ReadCache(connection)
        for number in range(50):
            kept.refresh()
            kept.add_image(number, image)
            assert len(kept.images) <= 4


async def test_step_with_a_long_key_is_not_cached(
    service: EmbeddedImageService, tmp_path: Path
) -> None:
    await service.close()
    with closing(schema.open_and_migrate(tmp_path / "catalog.sqlite")) as connection:
        kept = ReadCache(connection)
        step: ListStep[ListingPosition] = ListStep([], None)
        for number in range(5000):
            kept.add_step(("short", number), step)
            kept.add_step(("long" * 1000, number), step)
        assert 0 < len(kept.steps) <= 1000
        assert all(key[0] == "short" for key in kept.steps if isinstance(key, tuple))
