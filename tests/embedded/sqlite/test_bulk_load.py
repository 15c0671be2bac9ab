"""Large batches of records, whose listing another process prepares."""

import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite import bulk_load
from glimpse.embedded.sqlite.bulk_load import Preparer
from glimpse.image_api import bulk_load as loading
from glimpse.image_api.bulk_load import BadRecord, load
from glimpse.images import ImageQuery
from glimpse.images.errors import Unavailable
from tests.embedded.images import OTHER, OWNER, document, listed


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "IN_ONE_TRANSACTION", 10)
    monkeypatch.setattr(bulk_load, "_WORTH_A_PROCESS", 5)


async def test_all_are_listed_in_order_and_found_by_what_they_are(
    service: EmbeddedImageService,
) -> None:
    dates = [f"2024-02-{day:02}T00:00:00Z" for day in range(1, 29)]
    member = [{"member_id": "other", "status": "accepted"}]
    records = [
        document(created_at=date, edition=str(day % 3), visibility="shared", members=member)
        for day, date in enumerate(dates)
    ]
    again = {**records[3], "edition": "new", "members": []}  # in a batch after its first
    steps: list[int] = []
    assert await load(service, [*records, again, again], steps.append) == 30
    assert steps == [10, 10, 10]
    newest_first = [each["id"] for each in reversed(records)]
    assert await listed(service, OWNER) == newest_first
    assert await listed(service, OTHER) == [each for each in newest_first if each != again["id"]]
    assert await listed(service, OWNER, ImageQuery(properties={"edition": "new"})) == [again["id"]]
    second = [each["id"] for each in reversed(records) if each["edition"] == "1"]
    assert await listed(service, OWNER, ImageQuery(properties={"edition": "1"})) == second


async def test_what_is_before_a_bad_record_is_kept(service: EmbeddedImageService) -> None:
    records = [document() for _ in range(35)]
    records[32]["status"] = "odd"
    with pytest.raises(BadRecord) as raised:
        await load(service, records)
    assert raised.value.kept == 30
    assert len(await listed(service, OWNER)) == 30


async def test_a_process_that_dies_is_said(
    service: EmbeddedImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Preparer.start

    async def start_and_kill() -> Preparer:
        preparer = await start()
        for child in psutil.Process().children():
            if bulk_load.__name__ in child.cmdline():
                child.kill()
        return preparer

    monkeypatch.setattr(Preparer, "start", start_and_kill)
    with pytest.raises(Unavailable, match="has ended"):
        await load(service, [document() for _ in range(50)])
