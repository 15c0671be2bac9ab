"""Bulk load stores records unchanged, or rejects them with a message."""

import io
from typing import Any

import pytest

from glimpse.bulk_load import loading
from glimpse.bulk_load.load_file import LoadFile
from glimpse.bulk_load.loading import BadDocument, load
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import ImageQuery
from glimpse.images.errors import Invalid
from tests.embedded.images import ADMIN, OTHER, OWNER, document, listed


async def test_loaded_records_are_listed_newest_first(service: EmbeddedImageService) -> None:
    records = [document(created_at=f"2024-02-{day:02}T00:00:00Z") for day in range(1, 29)]
    steps: list[int] = []
    assert await load(service, iter(records), steps.append) == sum(steps) == 28
    assert await listed(service, OWNER) == [each["id"] for each in reversed(records)]


async def test_record_loaded_again_replaces_the_image(service: EmbeddedImageService) -> None:
    record = document(type="first", visibility="shared", members=[{"member_id": "other"}])
    await load(service, [record])
    assert (await service.get_image(OTHER, record["id"])).properties == {"type": "first"}
    await load(service, [{**record, "type": "second", "members": []}])
    assert await listed(service, OWNER) == [record["id"]]
    assert (await service.get_image(OWNER, record["id"])).properties == {"type": "second"}
    assert await listed(service, OTHER) == []


async def test_ids_of_records_ignore_case(service: EmbeddedImageService) -> None:
    record = document()
    await load(service, [{**record, "id": record["id"].upper()}, record])
    assert await listed(service, OWNER) == [record["id"]]


async def test_last_of_two_records_of_one_image_is_stored(service: EmbeddedImageService) -> None:
    record = document(type="first")
    await load(service, [record, {**record, "type": "second"}])
    assert await listed(service, OWNER) == [record["id"]]
    assert (await service.get_image(OWNER, record["id"])).properties == {"type": "second"}


async def test_all_attributes_of_a_record_are_kept(service: EmbeddedImageService) -> None:
    record = document(
        name=None,
        size=2**40,
        virtual_size=2**41,
        min_ram=1,
        min_disk=2,
        protected=True,
        os_hidden=True,
        disk_format="qcow2",
        container_format="bare",
        checksum="c" * 32,
        os_hash_algo="sha512",
        os_hash_value="d" * 128,
        tags=["ä", "b"],
        null=None,
        locations=[{"url": "file:///x"}],
    )
    await load(service, [record])
    image = await service.get_image(OWNER, record["id"])
    attributes = {key: value for key, value in image._asdict().items() if key in record}
    assert attributes.items() <= record.items()
    assert (image.tags, image.properties) == (["ä", "b"], {"null": None})


async def test_dates_are_stored_in_the_format_of_the_image_api(
    service: EmbeddedImageService,
) -> None:
    record = document(created_at="2024-02-01T12:20:30+02:00", updated_at="2024-02-01T10:20:30.5")
    await load(service, [record])
    image = await service.get_image(OWNER, record["id"])
    assert (image.created_at, image.updated_at) == ("2024-02-01T10:20:30Z",) * 2


@pytest.mark.parametrize("created_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_any_date_can_be_listed(service: EmbeddedImageService, created_at: str) -> None:
    record = document(created_at=created_at)
    await load(service, [record])
    assert await listed(service, OWNER) == [record["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "no-uuid"},
        {"id": 5},
        {"status": "ready"},
        {"status": None},
        {"visibility": "secret"},
        {"created_at": "yesterday"},
        {"created_at": "2024-02-30T00:00:00Z"},
        {"updated_at": None},
        {"name": 5},
        {"name": "n" * 256},
        {"name": "n\0"},
        {"owner": ["p"]},
        {"protected": "yes"},
        {"os_hidden": 1},
        {"min_ram": -1},
        {"min_disk": 2**31},
        {"min_ram": True},
        {"size": "1"},
        {"size": -1},
        {"size": 2**63},
        {"virtual_size": 1.5},
        {"disk_format": "floppy"},
        {"container_format": ""},
        {"checksum": "c" * 33},
        {"os_hash_value": 1},
        {"tags": "a"},
        {"tags": [1]},
        {"tags": ["\ud800"]},
        {"property": 5},
        {"property": ["a"]},
        {"property": "n\0"},
        {"property": "\ud800"},
        {"k" * 256: "v"},
        {"k\0": "v"},
        {"members": [{}]},
        {"members": ["p"]},
        {"members": [{"member_id": 5}]},
        {"members": [{"member_id": "p\0"}]},
        {"members": [{"member_id": "p", "status": "maybe"}]},
        {"members": 5},
        {"members": False},
        {"members": {}},
    ],
    ids=ascii,
)
async def test_invalid_record_is_refused_with_the_name_of_its_attribute(
    service: EmbeddedImageService, changes: dict[str, Any]
) -> None:
    name = next(iter(changes))
    expected = "member" if name == "members" else "property" if "k" in name[0] else name[:-1]
    with pytest.raises(BadDocument, match=expected) as refused:
        await load(service, [document(), document(**changes)])
    assert refused.value.loaded_count == 0
    assert await listed(service, ADMIN) == [], "half of a transaction was kept"


@pytest.mark.parametrize("name", ["id", "status", "created_at", "updated_at"])
async def test_record_without_a_required_attribute_is_refused(
    service: EmbeddedImageService, name: str
) -> None:
    record = document()
    del record[name]
    with pytest.raises(BadDocument, match=f"'{name}' is missing"):
        await load(service, [record])


@pytest.mark.parametrize("record", [None, [], "x", 5])
async def test_record_that_is_no_object_is_refused(
    service: EmbeddedImageService, record: object
) -> None:
    with pytest.raises(BadDocument, match="no JSON object"):
        await load(service, [record])


async def test_batches_before_a_bad_record_are_kept(
    service: EmbeddedImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_SIZE", 2)
    with pytest.raises(BadDocument) as refused:
        await load(service, [*(document() for _ in range(5)), {}])
    assert refused.value.loaded_count == len(await listed(service, ADMIN)) == 4


async def test_images_of_several_batches_are_listed_in_order_and_found_by_property(
    service: EmbeddedImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_SIZE", 10)
    dates = [f"2024-02-{day:02}T00:00:00Z" for day in range(1, 29)]
    member = [{"member_id": "other", "status": "accepted"}]
    records = [
        document(created_at=date, edition=str(day % 3), visibility="shared", members=member)
        for day, date in enumerate(dates)
    ]
    again = {**records[3], "edition": "new", "members": []}  # in a batch after the first one
    steps: list[int] = []
    assert await load(service, [*records, again, again], steps.append) == 30
    assert steps == [10, 10, 10]
    newest_first = [each["id"] for each in reversed(records)]
    assert await listed(service, OWNER) == newest_first
    assert await listed(service, OTHER) == [each for each in newest_first if each != again["id"]]
    assert await listed(service, OWNER, ImageQuery(properties={"edition": "new"})) == [again["id"]]
    second = [each["id"] for each in reversed(records) if each["edition"] == "1"]
    assert await listed(service, OWNER, ImageQuery(properties={"edition": "1"})) == second


def test_lines_and_bytes_are_counted() -> None:
    text = b'{"a": 1}\n\n  \n{"b": 2}\n{'
    lines = LoadFile(io.BytesIO(text))
    documents = iter(lines)
    assert [next(documents), next(documents)] == [{"a": 1}, {"b": 2}]
    assert (lines.line, lines.bytes) == (4, len(text) - 1)
    with pytest.raises(Invalid, match="not JSON"):
        next(documents)
    assert lines.line == 5
