"""The data of images: whole or not at all, whatever becomes of an upload or of the image."""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.embedded.claims import Claims
from glimpse.embedded.data import DataTooLarge, ImageStore, NoData
from glimpse.embedded.rules import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound, Unavailable
from tests.embedded.images import ADMIN, OTHER, OWNER, chunks_of

PIECES = (b"a" * 3_000_000, b"", b"bc" * 1000)
DATA = b"".join(PIECES)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"  # where the service has its files


async def new_image(service: EmbeddedImageService, visibility: str = "private") -> str:
    made = await service.create_image(
        OWNER, NewImage(visibility=visibility, disk_format="raw", container_format="bare")
    )
    return made.id


async def download(
    service: EmbeddedImageService, image_id: str, start: int = 0, end: int | None = None
) -> bytes:
    data = await service.open_data(OWNER, image_id)
    return b"".join([piece async for piece in await data.read(start, end)])


def left_behind(state: Path) -> list[str]:
    """Files of data and of claims."""
    return [path.name for name in ("data", "uploads") for path in (state / name).iterdir()]


class SlowUpload:
    """An upload that waits, after its first piece, for `finish` or `fail`."""

    def __init__(self, service: EmbeddedImageService, image_id: str) -> None:
        self._started = asyncio.Event()
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.ensure_future(service.upload(OWNER, image_id, self._chunks()))

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield PIECES[0]
        self._started.set()
        await self._outcome
        yield DATA[len(PIECES[0]) :]

    async def started(self) -> None:
        await asyncio.wait_for(self._started.wait(), 20)

    async def finish(self) -> None:
        self._outcome.set_result(None)
        await self.task

    async def fail(self, error: Exception) -> None:
        self._outcome.set_exception(error)
        await self.task


async def test_what_was_uploaded_is_described_and_comes_back(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    image = await service.get_image(OWNER, image_id)
    assert (image.status, image.size) == ("active", len(DATA))
    assert image.checksum == hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    assert (image.os_hash_algo, image.os_hash_value) == (
        "sha512",
        hashlib.sha512(DATA).hexdigest(),
    )
    assert await download(service, image_id) == DATA
    assert left_behind(state) == [image_id]


async def test_data_and_its_name_are_on_the_disk_before_the_image_is_active(
    service: EmbeddedImageService, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await new_image(service)
    synced: list[Path] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        with closing(sqlite3.connect(state / "catalog.sqlite")) as catalog:
            assert catalog.execute("SELECT status FROM images").fetchone() != ("active",)

    monkeypatch.setattr(os, "fsync", noted)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    assert synced[-2:] == [state / "data" / image_id, state / "data"]


async def test_a_deletion_that_a_crash_cut_off_leaves_no_data(
    service: EmbeddedImageService, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))

    async def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ImageStore, "delete", crash)
        with pytest.raises(KeyboardInterrupt):
            await service.delete_image(OWNER, image_id)
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)
    assert left_behind(state) == [image_id, image_id]
    await service.recover()
    assert left_behind(state) == []


@pytest.mark.parametrize("status", ["queued", "saving"])
async def test_data_that_is_there_before_its_image_is_active_is_not_shown(
    service: EmbeddedImageService, state: Path, status: str
) -> None:
    image_id = await new_image(service)
    (state / "data" / image_id).write_bytes(DATA)
    await service.update_image(ADMIN, image_id, lambda image: image._replace(status=status))
    with pytest.raises(NoData):
        await service.open_data(OWNER, image_id)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1, 1), (2_999_999, 3_000_001), (5, None), (len(DATA) - 1, None)]
)
async def test_a_part_is_read_to_the_byte(
    service: EmbeddedImageService, start: int, end: int | None
) -> None:
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id, start, end) == DATA[start:end]


@pytest.mark.parametrize("left", [0, 1_000_000])
async def test_data_that_the_disk_has_lost_are_said_to_be_unavailable(
    service: EmbeddedImageService, state: Path, left: int
) -> None:
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    os.truncate(state / "data" / image_id, left)
    with pytest.raises(Unavailable, match="cannot be read"):
        await download(service, image_id, 2_000_000)


async def test_an_upload_that_fails_leaves_the_image_queued_and_nothing_else(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await new_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    assert (await service.get_image(OWNER, image_id)).status == "saving"
    with pytest.raises(NoData):
        await service.open_data(OWNER, image_id)
    with pytest.raises(ConnectionError, match="gone"):
        await upload.fail(ConnectionError("the client is gone"))
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert left_behind(state) == []
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id) == DATA


async def test_an_upload_that_is_cancelled_leaves_the_image_queued_and_nothing_else(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await new_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    upload.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload.task
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert left_behind(state) == []


async def test_of_two_uploads_at_once_the_second_is_refused(
    service: EmbeddedImageService,
) -> None:
    image_id = await new_image(service)
    first = SlowUpload(service, image_id)
    await first.started()
    with pytest.raises(Conflict):
        await service.upload(OWNER, image_id, chunks_of(b"other"))
    await first.finish()
    with pytest.raises(Conflict):
        await service.upload(OWNER, image_id, chunks_of(b"other"))
    assert await download(service, image_id) == DATA


async def test_nobody_else_uploads(service: EmbeddedImageService, state: Path) -> None:
    private, public = await new_image(service), await new_image(service, "community")
    for image_id, error in ((private, ImageNotFound), (public, Forbidden), ("../x", ImageNotFound)):
        with pytest.raises(error):
            await service.upload(OTHER, image_id, chunks_of(b"x"))
    assert left_behind(state) == []


async def test_data_above_the_cap_is_refused_and_forgotten(tmp_path: Path) -> None:
    service = EmbeddedImageService.open(tmp_path, image_size_cap=len(DATA))
    image_id = await new_image(service)
    with pytest.raises(DataTooLarge, match=str(len(DATA))):
        await service.upload(OWNER, image_id, chunks_of(*PIECES, b"x"))
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert left_behind(tmp_path) == []
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id) == DATA
    await service.close()


async def test_a_download_that_has_begun_is_not_cut_off_by_a_deletion(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    data = await service.open_data(OWNER, image_id)
    pieces = await data.read()
    received = await anext(aiter(pieces))
    await service.delete_image(OWNER, image_id)
    assert left_behind(state) == []
    assert received + b"".join([piece async for piece in pieces]) == DATA
    with pytest.raises(NoData):
        await data.read()


async def test_an_image_that_is_deleted_during_its_upload_leaves_nothing(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await new_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    await service.delete_image(OWNER, image_id)
    with pytest.raises(ImageNotFound):
        await upload.finish()
    assert left_behind(state) == []


@pytest.fixture
async def stuck(tmp_path: Path) -> str:
    """An image whose upload failed when not even that could be written down."""
    service = EmbeddedImageService.open(tmp_path)
    image_id = await new_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    await service.close()
    with pytest.raises(Exception, match="closed"):
        await upload.finish()
    return image_id


async def test_an_upload_that_nobody_could_undo_is_undone_at_the_next_start(
    tmp_path: Path, stuck: str
) -> None:
    again = EmbeddedImageService.open(tmp_path)
    assert (await again.get_image(OWNER, stuck)).status == "saving"
    await again.recover()
    assert (await again.get_image(OWNER, stuck)).status == "queued"
    assert left_behind(tmp_path) == []
    await again.close()


async def test_an_upload_that_nobody_could_undo_can_be_made_again_without_a_start(
    tmp_path: Path, stuck: str
) -> None:
    again = EmbeddedImageService.open(tmp_path)
    assert (await again.get_image(OWNER, stuck)).status == "saving"
    await again.upload(OWNER, stuck, chunks_of(*PIECES))
    assert await download(again, stuck) == DATA
    assert left_behind(tmp_path) == [stuck]
    await again.close()


async def test_a_record_that_is_saving_without_an_upload_stays_as_it_is(
    service: EmbeddedImageService,
) -> None:
    """As loaded from elsewhere: it says what it said there."""
    image_id = await new_image(service)
    await service.update_image(ADMIN, image_id, lambda image: image._replace(status="saving"))
    await service.recover()
    assert (await service.get_image(OWNER, image_id)).status == "saving"


def test_a_claim_is_one_holders_until_it_is_released(tmp_path: Path) -> None:
    here, there = Claims(tmp_path), Claims(tmp_path)
    claim = here.take("image")
    assert claim is not None
    assert not claim.left
    assert there.take("image") is None
    assert list(there.abandoned()) == []
    claim.release()
    again = there.take("image")
    assert again is not None
    again.abandon()
    (left,) = here.abandoned()
    assert left.left
    assert left.image_id == "image"
    left.release()
    assert list(there.abandoned()) == []
