"""Imports end also if the catalog cannot be written for a while."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from glimpse.embedded.directory_store import DirectoryStore, StorageFull
from glimpse.embedded.imports import image_imports, import_flow
from glimpse.embedded.imports.image_imports import ImportRequest
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.images.errors import Unavailable
from tests.embedded.data import create_image, download
from tests.embedded.images import OWNER, chunks_of
from tests.support.embedded import open_images

# The numbers of the writes of an import: the first, 0, claims the image.
_BEGIN, _END = 1, 2
DIRECT = ImportRequest(
    "glance-direct", None, None, {"method": {"name": "glance-direct"}}, "request"
)


async def staged(images: EmbeddedImageService) -> str:
    """Create an image, stage data, and return the image's id."""
    image_id = await create_image(images)
    await images.imports.stage(OWNER, image_id, chunks_of(b"data"))
    return image_id


@pytest.mark.parametrize("failing", [{_END}, {2, 3, 4}, {_BEGIN, 2}])
async def test_an_import_fails_when_the_catalog_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: set[int]
) -> None:
    """`failing` are the writes that fail."""
    monkeypatch.setattr(import_flow, "_RETRY_SECONDS", 0.01)
    write, writes = SQLiteCatalog.update_with_task, iter(range(100))

    async def fail_sometimes(*arguments: object, **named: object) -> object:
        if next(writes) in failing:
            raise Unavailable("The catalog cannot be written.")
        return await write(*arguments, **named)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(SQLiteCatalog, "update_with_task", fail_sometimes)
    images = open_images(tmp_path / "state")
    image_id = await staged(images)
    await images.imports.start(OWNER, image_id, DIRECT)
    await images.imports.wait_until_idle()
    image = await images.get_image(OWNER, image_id)
    (task,) = await images.imports.tasks_of_image(OWNER, image_id)
    assert (image.status, task.status) == ("queued", "failure")
    assert "cannot be written" in task.message
    assert _files(tmp_path) == []
    await images.close()


async def test_the_next_process_begins_an_import_whose_request_was_cancelled_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_cancelled(write: Awaitable[object]) -> None:
        await write
        raise asyncio.CancelledError

    images = open_images(tmp_path / "state")
    image_id = await staged(images)
    monkeypatch.setattr(image_imports, "complete", be_cancelled)
    with pytest.raises(asyncio.CancelledError):
        await images.imports.start(OWNER, image_id, DIRECT)
    await images.close()
    images = open_images(tmp_path / "state")
    await images.recover()
    await images.imports.wait_until_idle()
    tasks = await images.imports.tasks_of_image(OWNER, image_id)
    assert [task.status for task in tasks] == ["success"]
    assert _files(tmp_path) == [image_id]
    await images.close()


def _files(directory: Path) -> list[str]:
    """Return the names of all files of data, of staged data and of upload locks."""
    names = ("data", "staging", "uploads")
    return [path.name for name in names for path in (directory / "state" / name).iterdir()]


async def test_staged_data_of_a_failed_import_is_removed_when_the_disk_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_flow, "_RETRY_SECONDS", 0.01)
    images = open_images(tmp_path / "state")
    image_id = await staged(images)
    delete, errors = DirectoryStore.delete, [StorageFull("disk")]

    async def fail_once(store: DirectoryStore, image_id: str) -> None:
        if store.directory.name == "staging" and errors:
            raise errors.pop()
        await delete(store, image_id)

    async def refuse(*_arguments: object, **_named: object) -> None:
        raise Unavailable("The data cannot be stored.")

    monkeypatch.setattr(DirectoryStore, "put", refuse)
    monkeypatch.setattr(DirectoryStore, "delete", fail_once)
    await images.imports.start(OWNER, image_id, DIRECT)
    await images.imports.wait_until_idle()
    assert (await images.get_image(OWNER, image_id)).status == "queued"
    assert _files(tmp_path) == []
    await images.close()


async def test_an_import_that_is_cancelled_while_its_end_is_written_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is made in any case: the data that it refers to must be kept."""
    write, writes = SQLiteCatalog.update_with_task, iter(range(100))
    closing: list[asyncio.Task[None]] = []

    async def close_before_the_end(*arguments: object, **named: object) -> object:
        if next(writes) == _END:
            closing.append(asyncio.create_task(images.imports.close()))
            await asyncio.sleep(0.05)  # so that the import is cancelled now
        return await write(*arguments, **named)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(SQLiteCatalog, "update_with_task", close_before_the_end)
    images = open_images(tmp_path / "state")
    image_id = await staged(images)
    await images.imports.start(OWNER, image_id, DIRECT)
    await images.imports.wait_until_idle()
    await closing[0]
    assert (await images.get_image(OWNER, image_id)).status == "active"
    assert await download(images, image_id) == b"data"
    assert _files(tmp_path) == [image_id]
    await images.close()
