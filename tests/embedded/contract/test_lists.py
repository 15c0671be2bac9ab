"""Lists with large queries, and filters that ignore case."""

from typing import Any

import pytest

from glimpse.embedded.catalog import Catalog
from glimpse.images import ImageQuery, Sort
from tests.embedded.contract.conftest import any_image, found, image, put
from tests.embedded.images import ADMIN


async def test_list_continues_after_a_deleted_marker(catalog: Catalog) -> None:
    images = [image(created_at=f"2024-02-{day:02}T00:00:00Z") for day in range(28, 0, -1)]
    await put(catalog, *images)
    await catalog.delete(images[9].id, None, any_image)
    for query in (ImageQuery(), ImageQuery(min_ram=0), ImageQuery(sort=(Sort("size", "asc"),))):
        rest = await found(catalog, query, marker=images[9])
        assert rest == (images[10:] if not query.sort else images[8::-1])


@pytest.mark.parametrize(
    "query",
    [
        ImageQuery(limit=1),
        ImageQuery(limit=1, size_min=1),
        ImageQuery(limit=1, sort=(Sort("name", "asc"),)),
        ImageQuery(ids=()),
    ],
    ids=str,
)
async def test_an_empty_list_is_one_last_page(catalog: Catalog, query: ImageQuery) -> None:
    assert await found(catalog, query) == []


MANY = tuple(f"{number:032x}" for number in range(40_000))


@pytest.mark.parametrize("sort", [(), (Sort("name", "asc"),)], ids=["usual", "sorted"])
@pytest.mark.parametrize(
    ("filters", "finds"),
    [
        ({"ids": (*MANY, "12345678-0000-4000-8000-000000000000")}, True),
        ({"names": (*MANY, "named")}, True),
        ({"statuses": (*MANY, "active")}, True),
        ({"disk_formats": (*MANY, "raw")}, True),
        ({"tags": MANY}, False),
        ({"tags": ("a",) * 5000}, True),
        ({"properties": dict.fromkeys(MANY[:5000], "x")}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
async def test_query_may_have_thousands_of_values(
    catalog: Catalog, filters: dict[str, Any], sort: tuple[Sort, ...], *, finds: bool
) -> None:
    image_id = "12345678-0000-4000-8000-000000000000"
    one = image(id=image_id, name="named", disk_format="raw", tags=["a", "b"])
    await put(catalog, one, image(status="queued"))
    assert await found(catalog, ImageQuery(sort=sort, **filters)) == ([one] if finds else [])


async def test_query_by_ids_finds_only_what_the_caller_may_list(catalog: Catalog) -> None:
    mine, public, theirs = image(), image(owner="x", visibility="public"), image(owner="x")
    await put(catalog, mine, public, theirs)
    ids = (mine.id, public.id, theirs.id, "nothing", "\ud800")
    assert {each.id for each in await found(catalog, ImageQuery(ids=ids))} == {mine.id, public.id}
    assert await found(catalog, ImageQuery(ids=(theirs.id,)), ADMIN) == [theirs]


@pytest.mark.parametrize("sort", [(), (Sort("name", "asc"),)])
@pytest.mark.parametrize(
    "wanted",
    [
        *({"names": ("\ud800",)}, {"statuses": ("\ud800",)}, {"tags": ("\ud800",)}),
        *({"properties": {"a": "\ud800"}}, {"properties": {"\ud800": "a"}}, {"owner": "\ud800"}),
    ],
    ids=ascii,
)
async def test_query_for_a_text_that_cannot_be_stored_finds_nothing(
    catalog: Catalog, wanted: dict[str, Any], sort: tuple[Sort, ...]
) -> None:
    await put(catalog, image(name="a", a="a"))
    assert await found(catalog, ImageQuery(sort=sort, **wanted)) == []


@pytest.mark.parametrize("sort", [(), (Sort("name", "asc"),)])
@pytest.mark.parametrize(
    "wanted",
    [
        *({"ids": "0AB"}, {"statuses": ("ACTIVE ",)}, {"disk_formats": ("x", "Raw")}),
        *({"container_formats": ("BARE ",)}, {"owner": "OWNER "}, {"names": ("NÁME",)}),
        *({"tags": ("TÄG ",)}, {"tags": ("tag", "TAG", "u")}),
    ],
)
async def test_filters_ignore_case_and_trailing_spaces(
    catalog: Catalog, wanted: dict[str, Any], sort: tuple[Sort, ...]
) -> None:
    made = image(
        name="name", status="active", disk_format="raw", container_format="bare", tags=["Tag", "u"]
    )
    await put(catalog, made)
    if "ids" in wanted:
        wanted = {"ids": (made.id.upper(),)}
    assert await found(catalog, ImageQuery(sort=sort, **wanted)) == [made]


@pytest.mark.parametrize("sort", [(), (Sort("name", "asc"),)])
async def test_filter_finds_a_property_whose_key_another_property_has_in_upper_case(
    catalog: Catalog, sort: tuple[Sort, ...]
) -> None:
    made = image(kind="base", KIND="other")
    await put(catalog, made)
    for value, finds in (("base", True), ("OTHER", True), ("third", False)):
        query = ImageQuery(sort=sort, properties={"kind": value})
        assert await found(catalog, query) == ([made] if finds else [])
