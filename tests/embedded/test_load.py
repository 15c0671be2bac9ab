"""Records are loaded with what they say, or refused with a sentence."""

from typing import Any

import pytest

from glimpse.embedded.load import BadRecord, load
from glimpse.embedded.service import EmbeddedImageService
from tests.embedded.images import ADMIN, OWNER, document, listed


async def test_loaded_records_are_listed_newest_first(service: EmbeddedImageService) -> None:
    records = [document(created_at=f"2024-02-{day:02}T00:00:00Z") for day in range(1, 29)]
    steps: list[int] = []
    assert await load(service, iter(records), steps.append) == sum(steps) == 28
    assert await listed(service, OWNER) == [each["id"] for each in reversed(records)]


async def test_a_record_loaded_again_replaces_the_first(service: EmbeddedImageService) -> None:
    record = document(type="first")
    await load(service, [record])
    await load(service, [{**record, "type": "second"}])
    assert await listed(service, OWNER) == [record["id"]]
    assert (await service.get_image(OWNER, record["id"])).properties == {"type": "second"}


async def test_dates_are_kept_as_the_image_api_prints_them(service: EmbeddedImageService) -> None:
    record = document(created_at="2024-02-01T12:20:30+02:00", updated_at="2024-02-01T10:20:30.5")
    await load(service, [record])
    image = await service.get_image(OWNER, record["id"])
    assert (image.created_at, image.updated_at) == ("2024-02-01T10:20:30Z",) * 2


@pytest.mark.parametrize("created_at", ["1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_any_date_can_be_listed(service: EmbeddedImageService, created_at: str) -> None:
    record = document(created_at=created_at)
    await load(service, [record])
    assert await listed(service, OWNER) == [record["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "no-uuid"},
        {"created_at": "yesterday"},
        {"updated_at": None},
        {"name": 5},
        {"property": 5},
        {"property": ["a"]},
        {"members": [{}]},
        {"members": [{"member_id": 5}]},
        {"members": 5},
    ],
    ids=str,
)
async def test_a_record_that_is_no_image_is_refused_by_its_number(
    service: EmbeddedImageService, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadRecord, match="Record 2"):
        await load(service, [document(), document(**changes)])
    assert await listed(service, ADMIN) == [], "half of a transaction was kept"
