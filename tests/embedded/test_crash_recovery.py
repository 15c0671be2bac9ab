"""The next start of Glimpse removes what an upload left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded.directory_store import DirectoryStore, StorageFull
from glimpse.embedded.service import EmbeddedImageService
from tests.embedded.data import DATA, create_image, stored_files
from tests.embedded.images import OWNER


async def test_recover_removes_data_of_an_image_deleted_during_its_upload(
    service: EmbeddedImageService, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload stored the data, but could not remove the data again."""
    image_id = await create_image(service)

    async def chunks() -> AsyncIterator[bytes]:
        yield DATA
        await service.delete_image(OWNER, image_id)

    async def fail(_: DirectoryStore, __: str) -> None:
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStore, "delete", fail)
        with pytest.raises(StorageFull):
            await service.data.upload(OWNER, image_id, chunks())
    assert image_id in stored_files(state)
    await service.recover()
    assert stored_files(state) == []
