"""Uploads are complete, or have no effect if they fail or their image is deleted."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glimpse.embedded.directory_store import DataTooLarge, DirectoryStore
from glimpse.embedded.image_changes import current_time
from glimpse.embedded.image_data import NoData
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound
from tests.embedded.data import DATA, PIECES, create_image, download, stored_files
from tests.embedded.images import ADMIN, OTHER, OWNER, chunks_of
from tests.support.embedded import open_images


def files_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


class SlowUpload:
    """An upload that waits after its first chunk for a call of `finish` or `fail`."""

    def __init__(self, service: EmbeddedImageService, image_id: str) -> None:
        self._started = asyncio.Event()
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.ensure_future(service.data.upload(OWNER, image_id, self._chunks()))

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


async def test_failed_upload_leaves_the_image_queued_and_no_files(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await create_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    assert (await service.get_image(OWNER, image_id)).status == "saving"
    with pytest.raises(NoData):
        await service.data.find_data(OWNER, image_id)
    with pytest.raises(ConnectionError, match="gone"):
        await upload.fail(ConnectionError("the client is gone"))
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert stored_files(state) == []
    await service.data.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id) == DATA


async def test_cancelled_upload_leaves_the_image_queued_and_no_files(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await create_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    upload.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload.task
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert stored_files(state) == []


async def test_upload_cancelled_before_its_file_is_created_leaves_no_file(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path, 2**20)
    release = threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    occupied = asyncio.ensure_future(asyncio.to_thread(release.wait, 20))
    upload = asyncio.ensure_future(store.put("image", chunks_of(b"data")))
    await asyncio.sleep(0)  # the upload waits for the only thread
    upload.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await occupied
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("is_staged", [False, True])
@pytest.mark.parametrize("cancellations", [1, 2])
async def test_upload_cancelled_while_its_begin_is_written_can_be_repeated(
    state: Path, cancellations: int, *, is_staged: bool
) -> None:
    writing, finish = threading.Event(), threading.Event()

    def clock() -> str:
        if threading.current_thread() is not threading.main_thread():  # in the catalog's write
            writing.set()
            finish.wait(20)
        return current_time()

    service = open_images(state, clock=clock)
    image_id = await create_image(service)
    send = service.imports.stage if is_staged else service.data.upload
    upload = asyncio.ensure_future(send(OWNER, image_id, chunks_of(*PIECES)))
    assert await asyncio.to_thread(writing.wait, 20)
    for _ in range(cancellations):
        upload.cancel()
        await asyncio.sleep(0)  # the upload gets the cancellation
    if cancellations == 2:  # the second one does not wait for the write
        await asyncio.wait([upload], timeout=20)
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await create_image(service)  # a later write, so that the first one has ended, too
    await send(OWNER, image_id, chunks_of(*PIECES))
    await service.close()


async def test_upload_cancelled_while_it_locks_the_image_can_be_repeated(
    service: EmbeddedImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await create_image(service)
    locking, finish = threading.Event(), threading.Event()

    def sync_slowly(*_: Path) -> None:
        locking.set()
        finish.wait(20)

    monkeypatch.setattr("glimpse.embedded.upload_locks.sync_directory", sync_slowly)
    upload = asyncio.ensure_future(service.data.upload(OWNER, image_id, chunks_of(*PIECES)))
    assert await asyncio.to_thread(locking.wait, 20)
    upload.cancel()
    await asyncio.sleep(0)  # the upload gets the cancellation
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await service.data.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id) == DATA


async def test_second_concurrent_upload_raises_conflict(
    service: EmbeddedImageService,
) -> None:
    image_id = await create_image(service)
    first = SlowUpload(service, image_id)
    await first.started()
    with pytest.raises(Conflict):
        await service.data.upload(OWNER, image_id, chunks_of(b"other"))
    await first.finish()
    with pytest.raises(Conflict):
        await service.data.upload(OWNER, image_id, chunks_of(b"other"))
    assert await download(service, image_id) == DATA


async def test_upload_to_an_image_of_another_project_is_refused(
    service: EmbeddedImageService, state: Path
) -> None:
    private, public = await create_image(service), await create_image(service, "community")
    for image_id, error in ((private, ImageNotFound), (public, Forbidden), ("../x", ImageNotFound)):
        with pytest.raises(error):
            await service.data.upload(OTHER, image_id, chunks_of(b"x"))
    assert stored_files(state) == []


async def test_data_above_the_size_cap_is_refused_and_removed(tmp_path: Path) -> None:
    service = open_images(tmp_path, image_size_cap=len(DATA))
    image_id = await create_image(service)
    with pytest.raises(DataTooLarge, match=str(len(DATA))):
        await service.data.upload(OWNER, image_id, chunks_of(*PIECES, b"x"))
    assert (await service.get_image(OWNER, image_id)).status == "queued"
    assert stored_files(tmp_path) == []
    await service.data.upload(OWNER, image_id, chunks_of(*PIECES))
    assert await download(service, image_id) == DATA
    await service.close()


async def test_deletion_during_an_upload_leaves_no_files(
    service: EmbeddedImageService, state: Path
) -> None:
    image_id = await create_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    await service.delete_image(OWNER, image_id)
    with pytest.raises(ImageNotFound):
        await upload.finish()
    assert stored_files(state) == []


@pytest.fixture
async def image_with_failed_upload(tmp_path: Path) -> str:
    """An image whose upload failed, and whose status could not be changed after that."""
    service = open_images(tmp_path)
    image_id = await create_image(service)
    upload = SlowUpload(service, image_id)
    await upload.started()
    await service.close()
    with pytest.raises(Exception, match="closed"):
        await upload.finish()
    return image_id


async def test_recover_undoes_an_upload_that_could_not_be_undone(
    tmp_path: Path, image_with_failed_upload: str
) -> None:
    again = open_images(tmp_path)
    assert (await again.get_image(OWNER, image_with_failed_upload)).status == "saving"
    await again.recover()
    assert (await again.get_image(OWNER, image_with_failed_upload)).status == "queued"
    assert stored_files(tmp_path) == []
    await again.close()


async def test_upload_follows_an_upload_that_could_not_be_undone(
    tmp_path: Path, image_with_failed_upload: str
) -> None:
    again = open_images(tmp_path)
    assert (await again.get_image(OWNER, image_with_failed_upload)).status == "saving"
    await again.data.upload(OWNER, image_with_failed_upload, chunks_of(*PIECES))
    assert await download(again, image_with_failed_upload) == DATA
    assert stored_files(tmp_path) == [image_with_failed_upload]
    await again.close()


async def test_recover_undoes_an_upload_after_a_refused_deletion(
    tmp_path: Path, image_with_failed_upload: str
) -> None:
    image_id = image_with_failed_upload
    again = open_images(tmp_path)
    await again.update_image(ADMIN, image_id, lambda image: image._replace(protected=True))
    (tmp_path / "data" / image_id).write_bytes(DATA)  # as of a process that was killed
    with pytest.raises(Forbidden):
        await again.delete_image(OWNER, image_id)
    await again.recover()
    assert (await again.get_image(OWNER, image_id)).status == "queued"
    assert stored_files(tmp_path) == []
    await again.close()


async def test_recover_removes_incomplete_data_of_a_deleted_image(
    tmp_path: Path, image_with_failed_upload: str
) -> None:
    image_id = image_with_failed_upload
    again = open_images(tmp_path)
    for name in (image_id, f"{image_id}#1"):  # as of a process that was killed
        (tmp_path / "data" / name).write_bytes(DATA)
    await again.delete_image(OWNER, image_id)
    await again.recover()
    assert stored_files(tmp_path) == []
    await again.close()


async def test_recover_ignores_a_saving_image_without_a_lock(
    service: EmbeddedImageService,
) -> None:
    """Such an image was loaded from another Glance."""
    image_id = await create_image(service)
    await service.update_image(ADMIN, image_id, lambda image: image._replace(status="saving"))
    await service.recover()
    assert (await service.get_image(OWNER, image_id)).status == "saving"
