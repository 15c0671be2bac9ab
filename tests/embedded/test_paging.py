"""Paging: each image once, in order, with any limit and during writes."""

import asyncio
import gc
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.bulk_load.loading import load
from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Image, ImageQuery, Sort
from glimpse.images.errors import MarkerNotFound, MarkerNotVisible
from tests.embedded.images import OTHER, OWNER, document, images, listed, make
from tests.support.embedded import open_images


async def _pages(
    service: EmbeddedImageService, query: ImageQuery, limit: int, *, disturb: bool
) -> list[str]:
    """Yield the pages of a list as a client requests them, while other images come and go."""
    seen: list[str] = []
    marker = None
    while True:
        step = replace(query, marker=marker, limit=limit)
        pages = [page async for page in service.list_images(OWNER, step)]
        seen += [image.id for page in pages for image in page.images]
        if not pages[-1].has_more:
            return seen
        marker = seen[-1]
        if disturb:
            new = await service.create_image(OWNER, NewImage(visibility="private"))
            if len(seen) % 2:
                await service.delete_image(OWNER, new.id)


LISTS = [
    ImageQuery(),  # read from the listing index
    ImageQuery(min_disk=0),  # read in slices
    ImageQuery(properties={"lot": "a"}, min_disk=0),
    *(
        ImageQuery(sort=(Sort(key, direction),))
        for key in ("created_at", "name", "size", "id")
        for direction in ("asc", "desc")
    ),
    ImageQuery(sort=(Sort("size", "asc"), Sort("name", "desc"))),
]


@settings(max_examples=80)
@given(
    numbers=st.lists(st.integers(0, 3), max_size=12),
    limit=st.integers(1, 5),
    query=st.sampled_from(LISTS),
    older=st.booleans(),
)
def test_paging_visits_every_image_that_existed_throughout_once(
    numbers: list[int], limit: int, query: ImageQuery, *, older: bool
) -> None:
    """Many images compare equal: they have few different dates, names and sizes."""
    year = 2024 if older else 2099  # images created meanwhile come before or after these

    async def walk(directory: str) -> None:
        service = open_images(Path(directory))
        records = [
            document(
                created_at=f"{year}-02-01T10:20:0{each}Z",
                name=(None, "a", "b", "B")[each],
                size=(None, 0, 5, 2**40)[each],
                lot="a",
            )
            for each in numbers
        ]
        await load(service, records)
        at_once = await listed(service, OWNER, query)
        seen = await _pages(service, query, limit, disturb=True)
        await service.close()
        existed = {each["id"] for each in records}
        assert [each for each in seen if each in existed] == at_once
        assert set(at_once) == existed
        assert len(seen) == len(set(seen))
        if query == ImageQuery():
            assert at_once == [
                each["id"]
                for each in sorted(
                    records, key=lambda each: (each["created_at"], each["id"]), reverse=True
                )
            ]

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(walk(directory))


async def test_list_visits_every_image_once_while_others_are_deleted(
    service: EmbeddedImageService,
) -> None:
    records = [document() for _ in range(700)]
    doomed = {each["id"] for each in records[::7]}
    await load(service, records)
    seen: list[str] = []
    pages = service.list_images(OWNER, ImageQuery())
    async for page in pages:
        seen += [image.id for image in page.images]
        if len(seen) <= 200:
            await asyncio.gather(*(service.delete_image(OWNER, each) for each in doomed))
    assert len(seen) == len(set(seen))
    assert {each["id"] for each in records} - doomed <= set(seen)


@pytest.mark.parametrize(
    "query",
    [
        ImageQuery(names=("a", "c")),
        ImageQuery(statuses=("active", "queued")),
        ImageQuery(properties={"image_type": "snapshot"}),
        ImageQuery(properties={"image_type": "snapshot"}, names=("a", "b"), statuses=("queued",)),
        ImageQuery(min_ram=2),
        ImageQuery(tags=("t",)),
    ],
    ids=str,
)
async def test_filtered_list_equals_the_whole_list_filtered(
    service: EmbeddedImageService, query: ImageQuery
) -> None:
    await load(
        service,
        [
            document(
                name="abc"[number % 3],
                status=("active", "queued", "saving")[number // 3 % 3],
                image_type=("snapshot", "base")[number % 2],
                min_ram=number % 4,
                tags=["t", "u"][: number % 3],
            )
            for number in range(60)
        ],
    )
    everything = await images(service, OWNER)
    expected = [
        image.id
        for image in everything
        if (query.names is None or image.name in query.names)
        and (query.statuses is None or image.status in query.statuses)
        and query.properties.items() <= image.properties.items()
        and query.min_ram in (None, image.min_ram)
        and set(query.tags) <= set(image.tags)
    ]
    assert 0 < len(expected) < 60
    assert await listed(service, OWNER, query) == expected
    assert await _pages(service, query, 3, disturb=False) == expected


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_list_sorted_by_name_can_be_paged(
    service: EmbeddedImageService, direction: str
) -> None:
    records = [document(name=f"{number:03}") for number in range(450)]
    await load(service, records)
    ids = [each["id"] for each in records]
    query = ImageQuery(sort=(Sort("name", "asc" if direction == "asc" else "desc"),))
    expected = ids if direction == "asc" else ids[::-1]
    assert await listed(service, OWNER, query) == expected
    assert await _pages(service, query, 130, disturb=False) == expected


def _images_in_memory() -> int:
    gc.collect()
    return sum(type(each) is Image for each in gc.get_objects())


async def test_many_sorted_lists_at_once_are_complete_and_hold_a_bounded_number_of_images(
    service: EmbeddedImageService,
) -> None:
    """Each is read in one step of 450 images, and 250 of them wait for the second page."""
    records = [document(name=f"{number:03}") for number in range(450)]
    await load(service, records)
    query = ImageQuery(sort=(Sort("name", "asc"),))
    before = _images_in_memory()
    lists = [service.list_images(OWNER, query) for _ in range(60)]
    found = [[image.id for image in (await anext(pages)).images] for pages in lists]
    assert _images_in_memory() - before < 11_000
    for ids, pages in zip(found, lists, strict=True):
        ids += [image.id async for page in pages for image in page.images]
        assert ids == [each["id"] for each in records]


@pytest.mark.parametrize("marker", ["", "a\0b", "\ud800", str(uuid.UUID(int=1))], ids=ascii)
async def test_unknown_marker_raises_marker_not_found(
    service: EmbeddedImageService, marker: str
) -> None:
    with pytest.raises(MarkerNotFound):
        await listed(service, OWNER, ImageQuery(marker=marker))


async def test_marker_of_another_project_raises_marker_not_visible(
    service: EmbeddedImageService,
) -> None:
    marker = await make(service)
    with pytest.raises(MarkerNotVisible):
        await listed(service, OTHER, ImageQuery(marker=marker))


async def test_deleted_marker_raises_marker_not_found(service: EmbeddedImageService) -> None:
    marker = await make(service)
    await service.delete_image(OWNER, marker)
    with pytest.raises(MarkerNotFound):
        await listed(service, OWNER, ImageQuery(marker=marker))
