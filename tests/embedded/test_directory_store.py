"""DirectoryStore: data is stored as uploaded, and served until its image is deleted."""

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_data import NoData
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import ImageNotFound, Unavailable
from tests.embedded.data import (
    DATA,
    PIECES,
    create_image,
    create_image_with_data,
    download,
    stored_files,
)
from tests.embedded.images import ADMIN, OWNER, chunks_of


async def test_uploaded_data_has_its_size_and_digests_and_is_downloaded_unchanged(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await create_image_with_data(service)
    image = await service.get_image(OWNER, image_id)
    assert (image.status, image.size) == ("active", len(DATA))
    assert image.checksum == hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    assert (image.os_hash_algo, image.os_hash_value) == (
        "sha512",
        hashlib.sha512(DATA).hexdigest(),
    )
    assert await download(service, image_id) == DATA
    assert stored_files(state) == [image_id]


async def test_data_and_directory_are_synced_before_the_image_is_active(
    service: EmbeddedImageService, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await create_image(service)
    synced: list[Path] = []
    fsync = os.fsync

    def record_call(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        with closing(sqlite3.connect(state / "catalog.sqlite")) as catalog:
            assert catalog.execute("SELECT status FROM images").fetchone() != ("active",)

    monkeypatch.setattr(os, "fsync", record_call)
    await service.data.upload(OWNER, image_id, chunks_of(*PIECES))
    assert synced[-2:] == [state / "data" / image_id, state / "data"]


async def test_recover_removes_the_data_of_a_deletion_that_a_crash_interrupted(
    service: EmbeddedImageService, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await create_image_with_data(service)

    async def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DirectoryStore, "delete", crash)
        with pytest.raises(KeyboardInterrupt):
            await service.delete_image(OWNER, image_id)
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)
    assert stored_files(state) == [image_id, image_id]
    await service.recover()
    assert stored_files(state) == []


@pytest.mark.parametrize("status", ["queued", "saving"])
async def test_data_of_an_image_that_is_not_active_is_not_served(
    service: EmbeddedImageService, state: Path, status: str
) -> None:
    image_id = await create_image(service)
    (state / "data" / image_id).write_bytes(DATA)
    await service.update_image(ADMIN, image_id, lambda image: image._replace(status=status))
    with pytest.raises(NoData):
        await service.data.find_data(OWNER, image_id)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1, 1), (2_999_999, 3_000_001), (5, None), (len(DATA) - 1, None)]
)
async def test_range_of_data_is_read_to_the_byte(
    service: EmbeddedImageService, start: int, end: int | None
) -> None:
    image_id = await create_image_with_data(service)
    assert await download(service, image_id, start, end) == DATA[start:end]


async def test_data_is_found_by_an_id_in_any_case(service: EmbeddedImageService) -> None:
    image_id = await create_image_with_data(service)
    assert service.data.has(image_id)
    assert service.data.has(image_id.upper())


@pytest.mark.parametrize("left", [0, 1_000_000])
async def test_truncated_data_raises_unavailable(
    service: EmbeddedImageService, state: Path, left: int
) -> None:
    image_id = await create_image_with_data(service)
    os.truncate(state / "data" / image_id, left)
    with pytest.raises(Unavailable, match="cannot be read"):
        await download(service, image_id, 2_000_000)


async def test_download_in_progress_completes_after_a_deletion(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await create_image_with_data(service)
    data = await service.data.find_data(OWNER, image_id)
    pieces = await data.read()
    received = await anext(aiter(pieces))
    await service.delete_image(OWNER, image_id)
    assert stored_files(state) == []
    assert received + b"".join([piece async for piece in pieces]) == DATA
    with pytest.raises(NoData):
        await data.read()
