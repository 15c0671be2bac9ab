"""What every catalog engine does. A new engine gets a line in ENGINES."""

import asyncio
import operator
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.embedded.engine import Catalog, Record
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.images import Caller, DateBound, Image, ImageQuery, Sort, image_from_document
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound, Unavailable
from glimpse.images.query import SORT_KEYS
from tests.embedded.images import ADMIN, OTHER, OWNER, document

ENGINES: dict[str, Callable[[Path], Catalog]] = {
    "sqlite": lambda directory: SQLiteCatalog.open(directory / "catalog.sqlite"),
}


@asynccontextmanager
async def opened(engine: str, directory: Path) -> AsyncIterator[Catalog]:
    catalog = ENGINES[engine](directory)
    try:
        yield catalog
    finally:
        await catalog.close()


@pytest.fixture(params=ENGINES)
async def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with opened(request.param, tmp_path) as made:
        yield made


def image(**changes: Any) -> Image:
    return image_from_document(document(**changes))


async def put(catalog: Catalog, *images: Image, **members: str) -> None:
    await catalog.put_many((each, members) for each in images)


async def found(
    catalog: Catalog, query: ImageQuery, caller: Caller = OWNER, marker: Image | None = None
) -> list[Image]:
    """All that the pages hold; exactly the final one is the last."""
    pages = [page async for page in catalog.pages(caller, query, marker)]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [each for page in pages for each in page.images]


def any_image(_: Record) -> None:
    """A check that nothing fails."""


async def test_a_record_comes_back_as_it_was_put(catalog: Catalog) -> None:
    one = image(name="Grüße ☃", size=2**40, tags=["a", "b"], os_distro="debian", protected=True)
    await catalog.insert(one)
    assert await catalog.get(one.id, None) == Record(one, None)


@pytest.mark.parametrize("image_id", ["", "nothing", "a\0b", "\ud800", "' OR 1 = 1 --"], ids=ascii)
async def test_a_text_that_is_nobodys_id_finds_nothing(catalog: Catalog, image_id: str) -> None:
    await catalog.insert(image())
    assert await catalog.get(image_id, "owner") is None
    with pytest.raises(ImageNotFound):
        await catalog.update(image_id, None, lambda record: record.image)
    with pytest.raises(ImageNotFound):
        await catalog.delete(image_id, None, any_image)
    with pytest.raises(ImageNotFound):
        await catalog.set_member(image_id, None, any_image, ("p", "pending", "2024"))


async def test_an_id_is_taken_once(catalog: Catalog) -> None:
    one = image()
    await catalog.insert(one)
    with pytest.raises(Conflict, match=one.id):
        await catalog.insert(one._replace(name="other"))
    assert await catalog.get(one.id, None) == Record(one)


async def test_a_record_says_whether_a_project_is_a_member(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    assert await catalog.get(one.id, "other") == Record(one, "accepted")
    assert await catalog.get(one.id, "third") == Record(one, None)
    await catalog.set_member(one.id, "owner", any_image, ("third", "pending", one.updated_at))
    assert await catalog.get(one.id, "third") == Record(one, "pending")
    assert await found(catalog, ImageQuery(), OTHER) == [one]
    await catalog.set_member(one.id, "owner", any_image, ("other", "rejected", one.updated_at))
    assert await found(catalog, ImageQuery(), OTHER) == []


async def test_a_change_that_is_refused_changes_nothing(catalog: Catalog) -> None:
    def refuse(record: Record) -> Image:
        assert record == Record(one)
        raise Forbidden("no")

    one = image(visibility="shared")
    await catalog.insert(one)
    for refused in (
        catalog.update(one.id, "other", refuse),
        catalog.delete(one.id, "other", refuse),
        catalog.set_member(one.id, "other", refuse, ("other", "accepted", one.updated_at)),
    ):
        with pytest.raises(Forbidden, match="no"):
            await refused
    assert await catalog.get(one.id, "other") == Record(one, None)


async def test_changes_of_one_image_at_once_come_one_after_the_other(catalog: Catalog) -> None:
    def longer(record: Record) -> Image:
        return record.image._replace(name=f"{record.image.name}+")

    one = image(name="")
    await catalog.insert(one)
    answers = await asyncio.gather(*(catalog.update(one.id, None, longer) for _ in range(100)))
    assert {len(answer.name or "") for answer in answers} == set(range(1, 101))


async def test_a_change_moves_an_image_to_where_lists_look_for_it(catalog: Catalog) -> None:
    one = image(name="before", os_type="linux")
    await catalog.insert(one)
    after = one._replace(name="after", visibility="public", properties_json='{"os_type":"bsd"}')
    assert await catalog.update(one.id, None, lambda _: after) == after
    assert await found(catalog, ImageQuery(names=("after",)), OTHER) == [after]
    assert await found(catalog, ImageQuery(properties={"os_type": "bsd"})) == [after]
    for query in (ImageQuery(names=("before",)), ImageQuery(properties={"os_type": "linux"})):
        assert await found(catalog, query) == []


async def test_a_deleted_image_is_gone_with_its_members(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    await catalog.delete(one.id, None, any_image)
    assert await catalog.get(one.id, "other") is None
    assert await found(catalog, ImageQuery(), ADMIN) == []
    await catalog.insert(one)
    assert await catalog.get(one.id, "other") == Record(one, None)


async def test_many_are_put_together_or_not_at_all(catalog: Catalog) -> None:
    one, two = image(), image()
    await catalog.insert(one)
    changed = one._replace(name="changed")
    with pytest.raises(Unavailable):
        await put(catalog, changed, two._replace(status=None))  # type: ignore[arg-type]
    assert await found(catalog, ImageQuery()) == [one]
    await put(catalog, two, changed)
    assert {each.name for each in await found(catalog, ImageQuery())} == {"changed", two.name}


async def test_a_list_goes_on_where_a_marker_stood_that_was_deleted(catalog: Catalog) -> None:
    images = [image(created_at=f"2024-02-{day:02}T00:00:00Z") for day in range(28, 0, -1)]
    await put(catalog, *images)
    await catalog.delete(images[9].id, None, any_image)
    for query in (ImageQuery(), ImageQuery(min_ram=0), ImageQuery(sort=(Sort("size", "asc"),))):
        rest = await found(catalog, query, marker=images[9])
        assert rest == (images[10:] if not query.sort else images[8::-1])


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
    "tags": st.sampled_from([("t",), ("t", "u")]),
    "created_at": BOUNDS,
    "updated_at": BOUNDS,
}


@st.composite
def queries(draw: st.DrawFn) -> ImageQuery:
    """A query with a few sort keys or filters, or some of each."""
    sort = tuple(draw(st.lists(SORTS, max_size=3)))
    most = 1 if sort else 2
    chosen = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=most, unique=True))
    return ImageQuery(sort=sort, **{name: draw(FILTERS[name]) for name in chosen})


def matches(query: ImageQuery, each: Image) -> bool:
    """The query's filters, said once more in the plainest way."""
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
        and set(query.tags) <= set(each.tags)
        and all(bound is None or bound.holds(date) for bound, date in dates)
    )


def is_shown(caller: Caller, query: ImageQuery, each: Image) -> bool:
    if each.owner == caller.project_id:
        return True
    if each.visibility == "community":
        return query.visibility in ("all", "community")
    return caller.is_admin or each.visibility == "public"


def ordered(images: list[Image], query: ImageQuery) -> list[Image]:
    """The images sorted by one key after the other, the least significant first; null is least."""
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
@settings(max_examples=80, deadline=None)
@given(
    documents=IMAGES,
    query=queries(),
    caller=st.sampled_from([OWNER, ADMIN]),
    limit=st.integers(1, 3),
)
def test_any_query_finds_what_matches_in_order_page_by_page(
    engine: str,
    documents: list[dict[str, Any]],
    query: ImageQuery,
    caller: Caller,
    limit: int,
) -> None:
    """While other images come and go, each of those that stay is visited once."""
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
async def test_a_query_of_any_size_is_answered(
    catalog: Catalog, filters: dict[str, Any], sort: tuple[Sort, ...], *, finds: bool
) -> None:
    image_id = "12345678-0000-4000-8000-000000000000"
    one = image(id=image_id, name="named", disk_format="raw", tags=["a", "b"])
    await put(catalog, one, image(status="queued"))
    assert await found(catalog, ImageQuery(sort=sort, **filters)) == ([one] if finds else [])


async def test_ids_find_those_that_the_caller_may_list(catalog: Catalog) -> None:
    mine, public, theirs = image(), image(owner="x", visibility="public"), image(owner="x")
    await put(catalog, mine, public, theirs)
    ids = (mine.id, public.id, theirs.id, "nothing", "\ud800")
    assert {each.id for each in await found(catalog, ImageQuery(ids=ids))} == {mine.id, public.id}
    assert await found(catalog, ImageQuery(ids=(theirs.id,)), ADMIN) == [theirs]


@pytest.mark.parametrize("sort", [(), (Sort("name", "asc"),)])
@pytest.mark.parametrize(
    "wanted",
    [
        *({"ids": "0AB"}, {"statuses": ("ACTIVE ",)}, {"disk_formats": ("x", "Raw")}),
        *({"container_formats": ("BARE ",)}, {"owner": "OWNER "}, {"names": ("NÁME",)}),
    ],
)
async def test_texts_are_compared_without_regard_to_case_and_spaces_at_the_end(
    catalog: Catalog, wanted: dict[str, Any], sort: tuple[Sort, ...]
) -> None:
    made = image(name="name", status="active", disk_format="raw", container_format="bare")
    await put(catalog, made)
    if "ids" in wanted:
        wanted = {"ids": (made.id.upper(),)}
    assert await found(catalog, ImageQuery(sort=sort, **wanted)) == [made]


async def test_a_closed_catalog_says_so(catalog: Catalog) -> None:
    await catalog.close()
    with pytest.raises(Unavailable):
        await catalog.insert(image())
    for query in (ImageQuery(), ImageQuery(size_min=1)):
        with pytest.raises(Unavailable):
            await found(catalog, query)
    with pytest.raises(Unavailable):
        await catalog.get("any", None)
    await catalog.close()
