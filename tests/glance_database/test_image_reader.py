"""Reading images from Glance's tables: which a caller sees, their order, their values."""

from datetime import datetime
from pathlib import Path

import pytest

from glimpse.app.glance_policy import read_glance_rules
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import ValueRefused
from glimpse.glance_database.image_reader import ImageReader
from glimpse.images import Caller, ImageQuery
from glimpse.images.errors import (
    Forbidden,
    ImageNotFound,
    Invalid,
    MarkerNotFound,
    MarkerNotVisible,
)
from tests.glance_database.glance_tables import GlanceTables
from tests.support.policy import write_policy

_READER = frozenset(("reader",))
OWNER = Caller("user", "demo", _READER)
STRANGER = Caller("stranger", "alt", _READER)
ADMIN = Caller("boss", "admin", frozenset(("Admin",)))
# What JSON, SQL and encodings treat in a special way; MySQL's utf8mb3 has no more than the BMP.
ODD_VALUES = {
    "plain": "value",
    "empty": "",
    'quote"': 'it\'s "quoted"',
    "back\\slash": "\\ \\n \\u0041 \\",
    "control": "".join(map(chr, range(1, 32))) + "\x7f",
    "line\nbreak": "\r\n\t",
    "ünïcode": "\u2028\u00e9\u4e2d",
    "percent": "%s %d %",
    "json": '{"a": [1, null]}',
    "number": "0012",
    "long": "x" * 65_535,
}


async def _listed(reader: ImageReader, caller: Caller, query: ImageQuery) -> list[str]:
    pages = [page async for page in reader.list_images(caller, query)]
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [image.id for page in pages for image in page.images]


async def test_an_image_has_the_values_of_its_rows(
    tables: GlanceTables, reader: ImageReader
) -> None:
    image_id = await tables.put_image(
        name="Tést",
        size=2**62,
        virtual_size=None,
        min_ram=512,
        min_disk=2,
        protected=True,
        disk_format="qcow2",
        checksum="c" * 32,
        properties=ODD_VALUES,
        tags=["b", "a"],
    )
    image = await reader.get_image(OWNER, image_id)
    assert image.properties == ODD_VALUES
    assert sorted(image.tags) == ["a", "b"]
    assert (image.name, image.size, image.virtual_size) == ("Tést", 2**62, None)
    assert (image.min_ram, image.min_disk, image.protected, image.os_hidden) == (
        512,
        2,
        True,
        False,
    )
    assert (image.disk_format, image.container_format, image.checksum) == ("qcow2", None, "c" * 32)
    assert image.created_at == image.updated_at == "2024-02-01T10:20:31Z"


async def test_a_list_has_the_same_images_as_their_ids(
    tables: GlanceTables, reader: ImageReader
) -> None:
    for _ in range(7):
        await tables.put_image(properties=ODD_VALUES)
    pages = [page async for page in reader.list_images(OWNER, ImageQuery())]
    assert [len(page.images) for page in pages] == [3, 3, 1]
    for image in [image for page in pages for image in page.images]:
        assert image == await reader.get_image(OWNER, image.id)


async def test_images_with_large_properties_are_listed_with_them(
    tables: GlanceTables, reader: ImageReader
) -> None:
    large = {f"key{number}": "x" * 60_000 for number in range(40)}
    ids = [await tables.put_image(properties=each) for each in (large, {}, large, large)]
    pages = [page async for page in reader.list_images(OWNER, ImageQuery())]
    images = [image for page in pages for image in page.images]
    assert [image.id for image in images] == ids[::-1]
    assert [image.properties for image in images] == [large, large, {}, large]
    assert max(len(page.images) for page in pages) <= 2
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


async def test_an_image_with_large_properties_that_is_no_longer_shared_is_not_listed(
    tables: GlanceTables, reader: ImageReader
) -> None:
    """A page has the first two images; the third is read only when the next page is wanted."""
    large = {f"key{number}": "x" * 60_000 for number in range(40)}
    members = {STRANGER.project_id or "": "accepted"}
    ids = [await tables.put_image(members=members, properties=large) for _ in range(3)]
    pages = reader.list_images(STRANGER, ImageQuery())
    first = await anext(pages)
    assert [image.id for image in first.images] == [ids[2], ids[1]]
    await tables.execute("delete from image_members")
    assert [image.id async for page in pages for image in page.images] == []


async def test_images_that_the_policy_hides_do_not_count_for_the_limit(
    tables: GlanceTables, database: GlanceDatabase, tmp_path: Path
) -> None:
    async def all_keys(_token: str) -> frozenset[str]:
        return frozenset()

    file = write_policy(tmp_path / "policy.yaml", {"get_image": "'yes':%(listed)s"})
    reader = ImageReader(database, read_glance_rules(str(file)), all_keys, 3)
    shown = [await tables.put_image(properties={"listed": "yes"}) for _ in range(2)]
    for _ in range(20):
        await tables.put_image()
    shown.append(await tables.put_image(properties={"listed": "yes"}))
    for _ in range(5):
        await tables.put_image()
    shown.reverse()
    for limit in (1, 2, 3, 4):
        assert await _listed(reader, OWNER, ImageQuery(limit=limit)) == shown[:limit]
    assert await _listed(reader, OWNER, ImageQuery(limit=1, marker=shown[0])) == shown[1:2]


async def test_properties_that_glance_does_not_show_are_left_out(
    tables: GlanceTables, reader: ImageReader
) -> None:
    hidden = {"os_glance_stage_host": "h", "stores": "s", "name": "n"}
    image_id = await tables.put_image(properties={"key": "value", **hidden})
    assert (await reader.get_image(OWNER, image_id)).properties == {"key": "value"}


async def test_a_property_without_a_value_is_empty_unless_the_schema_declares_it(
    tables: GlanceTables, reader: ImageReader
) -> None:
    image_id = await tables.put_image(properties={"declared": None, "other": None})
    shown = {"declared": None, "other": ""}
    assert (await reader.get_image(OWNER, image_id)).properties == shown
    (page,) = [page async for page in reader.list_images(OWNER, ImageQuery())]
    assert page.images[0].properties == shown


async def test_newer_images_come_first_and_equal_dates_are_ordered_by_id(
    tables: GlanceTables, reader: ImageReader
) -> None:
    old = await tables.put_image()
    new = await tables.put_image()
    await tables.execute("update images set created_at = %s", datetime.fromisoformat("2024-05-01"))
    by_id = sorted((old, new), reverse=True)
    newest = await tables.put_image(created_at=datetime.fromisoformat("2024-06-01"))
    assert await _listed(reader, OWNER, ImageQuery()) == [newest, *by_id]
    assert await _listed(reader, OWNER, ImageQuery(marker=newest)) == by_id
    assert await _listed(reader, OWNER, ImageQuery(marker=by_id[0])) == by_id[1:]


async def test_a_list_ends_at_its_limit_and_says_if_there_is_more(
    tables: GlanceTables, reader: ImageReader
) -> None:
    ids = [await tables.put_image() for _ in range(5)][::-1]
    for limit in range(1, 7):
        pages = [page async for page in reader.list_images(OWNER, ImageQuery(limit=limit))]
        assert [image.id for page in pages for image in page.images] == ids[:limit]
        assert pages[-1].has_more == (limit < 5)


@pytest.mark.parametrize(
    ("image", "owner", "stranger", "admin"),
    [
        ({"visibility": "public"}, "list show", "list show", "list show"),
        ({"visibility": "private"}, "list show", "", "list show"),
        ({"visibility": "shared"}, "list show", "", "list show"),
        ({"members": {"alt": "accepted"}}, "list show", "list show", "list show"),
        ({"members": {"alt": "pending"}}, "list show", "show", "list show"),
        ({"members": {"other": "accepted"}}, "list show", "", "list show"),
        ({"visibility": "private", "members": {"alt": "accepted"}}, "list show", "", "list show"),
        ({"visibility": "community"}, "list show", "show", "show"),
        ({"visibility": "public", "os_hidden": True}, "show", "show", "show"),
        ({"visibility": "public", "status": "killed"}, "show", "show", "show"),
        ({"visibility": "public", "deleted": True}, "", "", ""),
        ({"visibility": "public", "owner": None}, "list show", "list show", "list show"),
        ({"visibility": "community", "owner": None}, "show", "show", "show"),
        ({"visibility": "private", "owner": None}, "", "", "list show"),
    ],
    ids=str,
)
async def test_each_caller_sees_what_glance_shows_it(
    image: dict[str, object],
    owner: str,
    stranger: str,
    admin: str,
    tables: GlanceTables,
    reader: ImageReader,
) -> None:
    image_id = await tables.put_image(**image)  # type: ignore[arg-type]  # columns of all types
    seen = [await _operations(reader, caller, image_id) for caller in (OWNER, STRANGER, ADMIN)]
    assert seen == [owner, stranger, admin]


async def _operations(reader: ImageReader, caller: Caller, image_id: str) -> str:
    """Return by which operations the caller sees the image: ``list show``, for example."""
    found = ["list"] if image_id in await _listed(reader, caller, ImageQuery()) else []
    try:
        await reader.get_image(caller, image_id)
        found.append("show")
    except ImageNotFound:
        pass
    return " ".join(found)


async def test_a_caller_without_a_role_of_readers_sees_nothing(
    tables: GlanceTables, reader: ImageReader
) -> None:
    image_id = await tables.put_image(visibility="public")
    caller = Caller("user", "demo", frozenset(("other",)))
    with pytest.raises(Forbidden):
        await _listed(reader, caller, ImageQuery())
    with pytest.raises(ImageNotFound):
        await reader.get_image(caller, image_id)


async def test_an_admin_of_the_system_sees_nothing(
    tables: GlanceTables, reader: ImageReader
) -> None:
    image_id = await tables.put_image(visibility="public")
    caller = Caller("boss", None, frozenset(("admin", "reader")))
    with pytest.raises(Forbidden):
        await _listed(reader, caller, ImageQuery())
    with pytest.raises(ImageNotFound):
        await reader.get_image(caller, image_id)


async def test_the_filter_by_visibility_lists_community_images(
    tables: GlanceTables, reader: ImageReader
) -> None:
    community = await tables.put_image(visibility="community")
    public = await tables.put_image(visibility="public")
    for caller in (STRANGER, ADMIN):
        query = ImageQuery(visibility="community")
        assert await _listed(reader, caller, query) == [community]
        query = ImageQuery(visibility="all")
        assert await _listed(reader, caller, query) == [public, community]
        assert await _listed(reader, caller, ImageQuery(visibility="private")) == []


async def test_a_marker_may_be_an_image_that_the_list_leaves_out(
    tables: GlanceTables, reader: ImageReader
) -> None:
    first = await tables.put_image()
    hidden = await tables.put_image(os_hidden=True)
    assert await _listed(reader, OWNER, ImageQuery(marker=hidden)) == [first]


async def test_a_deleted_marker_is_found_by_admins_only(
    tables: GlanceTables, reader: ImageReader
) -> None:
    first = await tables.put_image(visibility="public")
    deleted = await tables.put_image(deleted=True)
    assert await _listed(reader, ADMIN, ImageQuery(marker=deleted)) == [first]
    with pytest.raises(MarkerNotFound):
        await _listed(reader, OWNER, ImageQuery(marker=deleted))


async def test_a_marker_of_another_project_is_forbidden_and_one_that_does_not_exist_invalid(
    tables: GlanceTables, reader: ImageReader
) -> None:
    private = await tables.put_image(visibility="private")
    with pytest.raises(MarkerNotVisible):
        await _listed(reader, STRANGER, ImageQuery(marker=private))
    with pytest.raises(MarkerNotFound):
        await _listed(reader, OWNER, ImageQuery(marker="missing"))
    with pytest.raises(Invalid):
        await _listed(reader, OWNER, ImageQuery(marker="x" * 37))


@pytest.mark.parametrize("image_id", ["a\0b"])
async def test_an_id_that_the_database_cannot_compare_is_left_to_glance(
    image_id: str, reader: ImageReader
) -> None:
    with pytest.raises(ValueRefused):
        await reader.get_image(ADMIN, image_id)


@pytest.mark.parametrize("image_id", ["", "missing", "x" * 37, "' or 1=1 -- "])
async def test_an_id_that_no_image_has_is_not_found(image_id: str, reader: ImageReader) -> None:
    with pytest.raises(ImageNotFound):
        await reader.get_image(ADMIN, image_id)
