"""Uploads that are cancelled more than once keep or remove their data, as the catalog says."""

import asyncio
import threading
from pathlib import Path

import pytest

from glimpse.embedded.image_changes import current_time
from tests.embedded.data import DATA, PIECES, create_image
from tests.embedded.images import ADMIN, OWNER, chunks_of
from tests.support.embedded import open_images


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
