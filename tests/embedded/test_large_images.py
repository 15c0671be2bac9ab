"""Lists of large images: read and rendered in steps that do not block the event loop."""

import json

import pytest

from glimpse.bulk_load.loading import BadDocument, load
from glimpse.compute import render_cache
from glimpse.embedded.image_changes import MAX_CHARACTERS, NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.image_api.image_documents import page_document
from glimpse.images import DateBound, ImageQuery, PropertyChanges, Sort
from glimpse.images.errors import Invalid
from tests.compute.requests import make_operations, make_request
from tests.embedded.images import CREATED, OWNER, document

COUNT, LARGE = 60, "x" * 60_000  # their properties have 3.6 million characters in all
ONE_STEP = 600_000  # characters: a step has at most this number, and one more image
TEXT = {"key": "x" * MAX_CHARACTERS}


@pytest.fixture
async def ids(service: EmbeddedImageService) -> list[str]:
    """The ids of large images with a few small ones among them, newest first."""
    records = [
        document(
            created_at=f"2024-02-01T00:00:{number:02}Z",
            updated_at=CREATED,
            text=LARGE if number % 5 else "small",
            min_ram=number % 2,
        )
        for number in range(COUNT)
    ]
    await load(service, records)
    return [str(each["id"]) for each in reversed(records)]


@pytest.mark.parametrize(
    "query",
    [
        ImageQuery(),
        ImageQuery(min_disk=0),
        ImageQuery(updated_at=DateBound("eq", CREATED)),
        ImageQuery(sort=(Sort("created_at", "desc"), Sort("name", "asc"))),
        ImageQuery(limit=COUNT - 1),
    ],
    ids=["read at once", "in slices", "few by an index", "sorted", "limited"],
)
async def test_pages_of_large_images_are_bounded_and_hold_every_image_once(
    service: EmbeddedImageService, ids: list[str], query: ImageQuery
) -> None:
    pages = [page async for page in service.list_images(OWNER, query)]
    assert [each.id for page in pages for each in page.images] == ids[: query.limit]
    sizes = [sum(len(each.properties_json) for each in page.images) for page in pages]
    assert max(sizes) <= ONE_STEP, sizes
    assert len(pages) < COUNT, "one by one is too slow"


async def test_image_api_list_is_rendered_in_bounded_pieces(
    service: EmbeddedImageService, ids: list[str]
) -> None:
    query = [("limit", str(COUNT - 1)), ("marker", ids[0])]
    pages = service.list_images(OWNER, ImageQuery(limit=COUNT - 2, marker=ids[0]))
    pieces = [piece async for piece in page_document(pages, query)]
    assert max(map(len, pieces)) < 2 * ONE_STEP
    found = json.loads(b"".join(pieces))
    assert [image["id"] for image in found["images"]] == ids[1:-1]
    assert found["next"] == f"/v2/images?limit={COUNT - 1}&marker={ids[-2]}"


async def test_compute_streams_large_images_and_caches_none_of_them(
    service: EmbeddedImageService, ids: list[str]
) -> None:
    render_cache._render_cached.cache_clear()  # noqa: SLF001  its size has no public view
    response = await make_operations(service).list_images_detail(make_request(OWNER))
    assert response.body is not None
    assert not isinstance(response.body, bytes)
    pieces = [piece async for piece in response.body]
    assert max(map(len, pieces)) < 2 * ONE_STEP
    assert [image["id"] for image in json.loads(b"".join(pieces))["images"]] == ids
    kept = render_cache._render_cached.cache_info().currsize  # noqa: SLF001  its size has no public view
    assert kept == COUNT // 5, "only small ones may be kept: a thousand large ones are a gigabyte"


async def test_image_with_too_many_characters_is_refused(
    service: EmbeddedImageService,
) -> None:
    with pytest.raises(Invalid, match=str(MAX_CHARACTERS)):
        await service.create_image(OWNER, NewImage(properties=TEXT))
    with pytest.raises(BadDocument, match=str(MAX_CHARACTERS)):
        await load(service, [document(**TEXT)])
    image = await service.create_image(OWNER, NewImage())
    with pytest.raises(Invalid, match=str(MAX_CHARACTERS)):
        await service.change_properties(OWNER, image.id, PropertyChanges(set=TEXT))
    with pytest.raises(Invalid, match=str(MAX_CHARACTERS)):
        await service.update_image(
            OWNER, image.id, lambda before: before._replace(properties_json=json.dumps(TEXT))
        )
    assert (await service.get_image(OWNER, image.id)).properties == {}
