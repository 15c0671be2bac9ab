"""Uploads that are cancelled twice keep or remove their data, as the catalog says."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glimpse.embedded.crash_recovery import CrashRecovery
from glimpse.embedded.directory_store import DirectoryStore, StorageFull, _UploadFile
from glimpse.embedded.image_changes import current_time
from glimpse.images.errors import Conflict
from tests.embedded.data import DATA, PIECES, create_image
from tests.embedded.images import ADMIN, OWNER, chunks_of
from tests.support.embedded import open_images


async def endless(began: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield a piece of data; set `began` when more is asked for, which never comes."""
    yield PIECES[0]
    began.set()
    await asyncio.sleep(60)


@pytest.mark.parametrize("status", ["active", "deactivated"])
async def test_upload_cancelled_twice_while_its_end_is_written_keeps_the_data_of_an_active_image(
    state: Path, status: str
) -> None:
    writing, finish = threading.Event(), threading.Event()
    writes: list[str] = []

    def clock() -> str:
        if threading.current_thread() is not threading.main_thread():  # in the catalog's write
            writes.append("begin or end")
            if len(writes) == 2:
                writing.set()
                finish.wait(20)
        return current_time()

    service = open_images(state, clock=clock)
    image_id = await create_image(service)
    upload = asyncio.ensure_future(service.data.upload(OWNER, image_id, chunks_of(*PIECES)))
    assert await asyncio.to_thread(writing.wait, 20)
    later = asyncio.ensure_future(  # is written after the active image
        service.update_image(ADMIN, image_id, lambda image: image._replace(status=status))
    )
    await asyncio.sleep(0)
    for _ in range(2):
        upload.cancel()
        await asyncio.sleep(0)  # the upload gets the cancellation
    await asyncio.wait([upload], timeout=0.2)  # it must not remove the data now
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert (await later).status == status
    data = await service.data.find_data(ADMIN, image_id)
    assert b"".join([piece async for piece in await data.read()]) == DATA
    await service.close()


@pytest.mark.parametrize("is_staged", [False, True])
async def test_upload_cancelled_again_while_it_is_undone_keeps_its_image_locked(
    state: Path, *, is_staged: bool
) -> None:
    undoing, finish, began = threading.Event(), threading.Event(), asyncio.Event()
    writes: list[str] = []

    def clock() -> str:
        if threading.current_thread() is not threading.main_thread():  # in the catalog's write
            writes.append("begin or undo")
            if len(writes) == 2:
                undoing.set()
                finish.wait(20)
        return current_time()

    service = open_images(state, clock=clock)
    image_id = await create_image(service)
    send = service.imports.stage if is_staged else service.data.upload
    upload = asyncio.ensure_future(send(OWNER, image_id, endless(began)))
    await began.wait()
    upload.cancel()
    assert await asyncio.to_thread(undoing.wait, 20)
    for _ in range(2):
        upload.cancel()
        await asyncio.sleep(0)  # the upload gets the cancellation
    with pytest.raises(Conflict):
        await send(OWNER, image_id, chunks_of(*PIECES))
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await send(OWNER, image_id, chunks_of(*PIECES))
    await service.close()


async def test_data_whose_storing_is_cancelled_twice_is_removed_before_the_store_returns(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path, 2**20)
    release = threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    occupied = asyncio.ensure_future(asyncio.to_thread(release.wait, 20))
    storing = asyncio.ensure_future(store.put("image", chunks_of(b"data")))
    for _ in range(3):
        await asyncio.sleep(0)  # the store waits for the only thread, to write or to remove
        storing.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not storing.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await storing
    await occupied
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


@pytest.mark.parametrize("is_staged", [False, True])
async def test_upload_cancelled_while_it_cleans_up_keeps_its_image_locked(
    state: Path, monkeypatch: pytest.MonkeyPatch, *, is_staged: bool
) -> None:
    service = open_images(state)
    image_id = await create_image(service)
    lock = await service.snapshots.lock(image_id)
    lock.abandon()
    cleaning, finish = threading.Event(), threading.Event()

    async def clean_slowly(_: CrashRecovery, __: str) -> None:
        cleaning.set()
        await asyncio.to_thread(finish.wait, 20)

    send = service.imports.stage if is_staged else service.data.upload
    with monkeypatch.context() as patch:
        patch.setattr(CrashRecovery, "clean_up", clean_slowly)
        upload = asyncio.ensure_future(send(OWNER, image_id, chunks_of(*PIECES)))
        assert await asyncio.to_thread(cleaning.wait, 20)
        for _ in range(2):
            upload.cancel()
            await asyncio.sleep(0)  # the upload gets the cancellation
        with pytest.raises(Conflict):
            await send(OWNER, image_id, chunks_of(*PIECES))
        finish.set()
        with pytest.raises(asyncio.CancelledError):
            await upload
    await send(OWNER, image_id, chunks_of(*PIECES))
    await service.close()


@pytest.mark.parametrize("is_staged", [False, True])
async def test_upload_cancelled_while_an_error_is_undone_raises_the_cancellation(
    state: Path, monkeypatch: pytest.MonkeyPatch, *, is_staged: bool
) -> None:
    undoing, finish = threading.Event(), threading.Event()
    abort = _UploadFile.abort

    def abort_slowly(file: _UploadFile) -> None:
        undoing.set()
        finish.wait(20)
        abort(file)

    async def broken() -> AsyncIterator[bytes]:
        yield PIECES[0]
        raise ConnectionError

    monkeypatch.setattr(_UploadFile, "abort", abort_slowly)
    service = open_images(state)
    image_id = await create_image(service)
    send = service.imports.stage if is_staged else service.data.upload
    upload = asyncio.ensure_future(send(OWNER, image_id, broken()))
    assert await asyncio.to_thread(undoing.wait, 20)
    upload.cancel()
    await asyncio.sleep(0)  # the upload gets the cancellation
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await service.close()


@pytest.mark.parametrize("is_staged", [False, True])
async def test_cancelled_upload_that_cannot_be_undone_raises_the_cancellation(
    state: Path, monkeypatch: pytest.MonkeyPatch, *, is_staged: bool
) -> None:
    began = asyncio.Event()

    async def fail(_: DirectoryStore, __: str) -> None:
        raise StorageFull

    service = open_images(state)
    image_id = await create_image(service)
    send = service.imports.stage if is_staged else service.data.upload
    upload = asyncio.ensure_future(send(OWNER, image_id, endless(began)))
    await began.wait()
    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStore, "delete", fail)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
    await send(OWNER, image_id, chunks_of(*PIECES))  # removes what is left
    await service.close()
