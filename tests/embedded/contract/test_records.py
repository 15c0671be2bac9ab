"""Records are stored, read, changed and deleted; each change is atomic."""

import asyncio

import pytest

from glimpse.embedded.catalog import Catalog, Record
from glimpse.images import Image, ImageQuery
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound, Unavailable
from tests.embedded.contract.conftest import any_image, found, image, put
from tests.embedded.images import ADMIN, OTHER


async def test_get_returns_the_record_as_inserted(catalog: Catalog) -> None:
    one = image(name="Grüße ☃", size=2**40, tags=["a", "b"], os_distro="debian", protected=True)
    await catalog.insert(one)
    assert await catalog.get(one.id, None) == Record(one, None)


@pytest.mark.parametrize("image_id", ["", "nothing", "a\0b", "\ud800", "' OR 1 = 1 --"], ids=ascii)
async def test_get_with_a_text_that_is_no_id_returns_none(catalog: Catalog, image_id: str) -> None:
    await catalog.insert(image())
    assert await catalog.get(image_id, "owner") is None
    with pytest.raises(ImageNotFound):
        await catalog.update(image_id, None, lambda record: record.image)
    with pytest.raises(ImageNotFound):
        await catalog.delete(image_id, None, any_image)
    with pytest.raises(ImageNotFound):
        await catalog.change_member(image_id, None, "p", lambda _, __: None)
    assert await catalog.members(image_id) == []


async def test_insert_with_a_taken_id_raises_conflict(catalog: Catalog) -> None:
    one = image()
    await catalog.insert(one)
    with pytest.raises(Conflict, match=one.id):
        await catalog.insert(one._replace(name="other"))
    assert await catalog.get(one.id, None) == Record(one)


async def test_record_has_the_status_of_the_projects_membership(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    assert await catalog.get(one.id, "other") == Record(one, "accepted")
    assert await catalog.get(one.id, "third") == Record(one, None)


async def test_write_that_raises_changes_nothing(catalog: Catalog) -> None:
    def refuse(record: Record) -> Image:
        assert record == Record(one)
        raise Forbidden("no")

    one = image(visibility="shared")
    await catalog.insert(one)
    for refused in (
        catalog.update(one.id, "other", refuse),
        catalog.delete(one.id, "other", refuse),
    ):
        with pytest.raises(Forbidden, match="no"):
            await refused
    assert await catalog.get(one.id, "other") == Record(one, None)


async def test_concurrent_updates_of_one_image_are_serialized(catalog: Catalog) -> None:
    def longer(record: Record) -> Image:
        return record.image._replace(name=f"{record.image.name}+")

    one = image(name="")
    await catalog.insert(one)
    responses = await asyncio.gather(*(catalog.update(one.id, None, longer) for _ in range(100)))
    assert {len(response.name or "") for response in responses} == set(range(1, 101))


async def test_updated_image_is_found_by_its_new_values_only(catalog: Catalog) -> None:
    one = image(name="before", os_type="linux")
    await catalog.insert(one)
    after = one._replace(name="after", visibility="public", properties_json='{"os_type":"bsd"}')
    assert await catalog.update(one.id, None, lambda _: after) == after
    assert await found(catalog, ImageQuery(names=("after",)), OTHER) == [after]
    assert await found(catalog, ImageQuery(properties={"os_type": "bsd"})) == [after]
    for query in (ImageQuery(names=("before",)), ImageQuery(properties={"os_type": "linux"})):
        assert await found(catalog, query) == []


async def test_delete_removes_the_image_and_its_members(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    await catalog.delete(one.id, None, any_image)
    assert await catalog.get(one.id, "other") is None
    assert await found(catalog, ImageQuery(), ADMIN) == []
    await catalog.insert(one)
    assert await catalog.get(one.id, "other") == Record(one, None)


async def test_put_refuses_an_id_with_a_lone_surrogate(catalog: Catalog) -> None:
    one = image()
    with pytest.raises(ValueError, match="surrogates"):
        await catalog.put([(one._replace(id=f"{one.id[:-1]}\ud800"), {})])


async def test_put_stores_all_records_or_none(catalog: Catalog) -> None:
    one, two = image(), image()
    await catalog.insert(one)
    changed = one._replace(name="changed")
    with pytest.raises(Unavailable):
        await put(catalog, changed, two._replace(status=None))  # type: ignore[arg-type]  # invalid on purpose
    assert await found(catalog, ImageQuery()) == [one]
    await put(catalog, two, changed)
    assert {each.name for each in await found(catalog, ImageQuery())} == {"changed", two.name}


async def test_closed_catalog_raises_unavailable(catalog: Catalog) -> None:
    await catalog.close()
    with pytest.raises(Unavailable):
        await catalog.insert(image())
    for query in (ImageQuery(), ImageQuery(size_min=1)):
        with pytest.raises(Unavailable):
            await found(catalog, query)
    with pytest.raises(Unavailable):
        await catalog.get("any", None)
    await catalog.close()
