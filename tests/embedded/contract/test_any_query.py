"""Random queries over random images return what a simple model returns."""

import asyncio
import operator
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.embedded.catalog import Catalog
from glimpse.images import Caller, DateBound, Image, ImageQuery, Sort
from glimpse.images.query import SORT_KEYS
from tests.embedded.contract.conftest import ENGINES, found, image, opened, put
from tests.embedded.images import ADMIN, OWNER

TEXT = st.sampled_from(["a", "B", "ä", "z\u2603", ""])
SECONDS = st.integers(0, 4).map(lambda second: f"2024-02-01T10:20:0{second}Z")
IMAGES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | TEXT,
            "status": st.sampled_from(["active", "active", "queued", "killed"]),
            "visibility": st.sampled_from(["private", "public", "shared", "community"]),
            "owner": st.sampled_from(["owner", "owner", "other"]),
            "size": st.none() | st.integers(0, 3),
            "min_ram": st.integers(0, 2),
            "protected": st.booleans(),
            "os_hidden": st.sampled_from([False, False, True]),
            "disk_format": st.none() | st.sampled_from(["raw", "qcow2"]),
            "container_format": st.none() | st.just("bare"),
            "tags": st.lists(st.sampled_from(["t", "u"]), max_size=2, unique=True),
            "created_at": SECONDS,
            "updated_at": SECONDS,
        }
    ),
    min_size=6,
    max_size=16,
)
BOUNDS = st.builds(
    DateBound, st.sampled_from(["gt", "gte", "lt", "lte", "eq", "neq"]), moment=SECONDS
)
SORTS = st.builds(Sort, st.sampled_from(sorted(SORT_KEYS)), st.sampled_from(["asc", "desc"]))
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "names": st.lists(TEXT, min_size=1, max_size=2).map(tuple),
    "statuses": st.sampled_from([("active",), ("queued", "active"), ("killed",)]),
    "visibility": st.sampled_from(["public", "private", "shared", "community", "all"]),
    "owner": st.sampled_from(["owner", "other"]),
    "min_ram": st.integers(0, 2),
    "protected": st.booleans(),
    "os_hidden": st.booleans(),
    "size": st.integers(0, 3),
    "size_min": st.integers(0, 3),
    "size_max": st.integers(0, 3),
    "disk_formats": st.just(("raw", "vhd")),
    "tags": st.sampled_from([("t",), ("T", "u")]),
    "created_at": BOUNDS,
    "updated_at": BOUNDS,
}


@st.composite
def queries(draw: st.DrawFn) -> ImageQuery:
    """Generate a query with a few sort keys, filters, or both."""
    sort = tuple(draw(st.lists(SORTS, max_size=3)))
    most = 1 if sort else 2
    chosen = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=most, unique=True))
    return ImageQuery(sort=sort, **{name: draw(FILTERS[name]) for name in chosen})


def matches(query: ImageQuery, each: Image) -> bool:
    """Return True if the image matches the query: a simple model of the filters."""
    folded_names = {name.casefold().replace("ä", "a") for name in query.names or ()}
    folded_name = None if each.name is None else each.name.lower().replace("ä", "a")
    dates = ((query.created_at, each.created_at), (query.updated_at, each.updated_at))
    return (
        each.status != "killed"
        and each.os_hidden == query.os_hidden
        and query.visibility in (None, "all", each.visibility)
        and (query.names is None or folded_name in folded_names)
        and (query.statuses is None or each.status in query.statuses)
        and query.owner in (None, each.owner)
        and query.min_ram in (None, each.min_ram)
        and query.size in (None, each.size)
        and query.protected in (None, each.protected)
        and (query.disk_formats is None or each.disk_format in query.disk_formats)
        and (query.size_min is None or (each.size is not None and each.size >= query.size_min))
        and (query.size_max is None or (each.size is not None and each.size <= query.size_max))
        and {tag.lower() for tag in query.tags} <= set(each.tags)
        and all(bound is None or bound.holds(date) for bound, date in dates)
    )


def is_shown(caller: Caller, query: ImageQuery, each: Image) -> bool:
    if each.owner == caller.project_id:
        return True
    if each.visibility == "community":
        return query.visibility in ("all", "community")
    return caller.is_admin or each.visibility == "public"


def ordered(images: list[Image], query: ImageQuery) -> list[Image]:
    """Return the images sorted by each key, the least significant first; null is least."""
    rest = query.sort[0].direction if len(query.sort) == 1 else "desc"
    for key, direction in reversed((*query.sort, Sort("created_at", rest), Sort("id", rest))):
        value = operator.attrgetter(key)
        null = [each for each in images if value(each) is None]
        images = sorted(
            (each for each in images if value(each) is not None),
            key=value,
            reverse=direction == "desc",
        )
        images = [*null, *images] if direction == "asc" else [*images, *null]
    return images


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=80)
@given(
    documents=IMAGES,
    query=queries(),
    caller=st.sampled_from([OWNER, ADMIN]),
    limit=st.integers(1, 3),
)
def test_any_query_returns_the_matching_images_in_order_page_by_page(
    engine: str,
    documents: list[dict[str, Any]],
    query: ImageQuery,
    caller: Caller,
    limit: int,
) -> None:
    """While other images come and go, each image that stays is returned once."""
    images = [image(**each) for each in documents]
    expected = ordered(
        [each for each in images if is_shown(caller, query, each) and matches(query, each)], query
    )

    async def walk(catalog: Catalog) -> None:
        await put(catalog, *images)
        assert await found(catalog, query, caller) == expected
        seen: list[Image] = []
        stay = {each.id for each in images}
        while True:
            page = await found(
                catalog, replace(query, limit=limit), caller, seen[-1] if seen else None
            )
            seen += page[:limit]
            assert len(seen) <= 100, "the list does not end"
            if len(page) <= limit:
                break
            await put(catalog, *(image(**each) for each in documents[:2]))
        assert [each for each in seen if each.id in stay] == expected
        assert len(seen) == len({each.id for each in seen})

    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            async with opened(engine, Path(directory)) as catalog:
                await walk(catalog)

    asyncio.run(run())
