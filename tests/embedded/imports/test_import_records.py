"""The end of an import leaves data that is not the import's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_changes import current_time
from glimpse.embedded.imports.import_records import ImportRecords
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.embedded.sqlite.schema import CATALOG_FILE
from glimpse.embedded.tasks import Task, new_task
from tests.embedded.data import DATA, create_image, create_image_with_data, download
from tests.embedded.images import OWNER, chunks_of


@pytest.fixture
async def records(state: Path, service: EmbeddedImageService) -> AsyncIterator[ImportRecords]:
    """The records of imports into the images of `service`."""
    del service  # only has to exist
    catalog = SQLiteCatalog.open(state / CATALOG_FILE)
    store, staging = (DirectoryStore(state / name, len(DATA)) for name in ("data", "staging"))
    yield ImportRecords(catalog, store, staging, current_time)
    await catalog.close()


def task_for(image_id: str, kind: str) -> Task:
    """Return a task that has not claimed the image."""
    return new_task(OWNER, kind, {"import_from": "http://x"}, image_id, "request", current_time())


@pytest.mark.parametrize("kind", ["import", "api_image_import"])
async def test_a_task_that_has_not_claimed_an_image_keeps_its_data(
    service: EmbeddedImageService, records: ImportRecords, kind: str
) -> None:
    image_id = await create_image_with_data(service)
    await records.end_failed(task_for(image_id, kind), "It failed.")
    assert await download(service, image_id) == DATA
    (task,) = await service.imports.tasks_of_image(OWNER, image_id)
    assert (task.status, task.message) == ("failure", "It failed.")


async def test_a_task_that_has_not_claimed_an_image_keeps_its_staged_data(
    service: EmbeddedImageService, state: Path, records: ImportRecords
) -> None:
    image_id = await create_image(service)
    await service.imports.stage(OWNER, image_id, chunks_of(DATA))
    await records.end_failed(task_for(image_id, "import"), "It failed.")
    assert (await service.get_image(OWNER, image_id)).status == "uploading"
    assert (state / "staging" / image_id).read_bytes() == DATA
