"""The contract of ImageService, tested with each implementation."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.images import ImageQuery, PropertyChanges
from glimpse.images.errors import (
    Forbidden,
    ImageNotFound,
    MarkerNotFound,
    PropertyLimitExceeded,
    PropertyNotFound,
)
from tests.images.services import OWNER, STRANGER, ServiceUnderTest, list_ids

UNKNOWN = "22578ad2-a9a0-54d7-9e43-6d3b7ac060e9"


async def test_get_image_returns_the_image_as_it_was_created(tested: ServiceUnderTest) -> None:
    made = await tested.create("Grüße", os_distro="debian", odd="\u2603")
    read = await tested.service.get_image(OWNER, made.id)
    assert read.properties == {"os_distro": "debian", "odd": "\u2603"}
    assert read._replace(properties_json="") == made._replace(properties_json="")


async def test_a_private_image_of_another_project_is_not_found(tested: ServiceUnderTest) -> None:
    made = await tested.create()
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(STRANGER, made.id)
    with pytest.raises(ImageNotFound):
        await tested.service.delete_image(STRANGER, made.id)


@pytest.mark.parametrize("image_id", [UNKNOWN, "not-a-uuid", "", "..", "a/b", "\ud800", "\u2603"])
async def test_an_unknown_id_is_not_found(tested: ServiceUnderTest, image_id: str) -> None:
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(OWNER, image_id)


async def test_ids_ignore_case(tested: ServiceUnderTest) -> None:
    other, image = await tested.create(), await tested.create()
    shouted = image.id.upper()
    assert await tested.service.get_image(OWNER, shouted) == image
    pages = tested.service.list_images(OWNER, ImageQuery(marker=shouted))
    after = [found.id async for page in pages for found in page.images]
    assert after == (
        [other.id] if (image.created_at, image.id) > (other.created_at, other.id) else []
    )
    await tested.service.change_properties(OWNER, shouted, PropertyChanges(set={"a": "1"}))
    assert (await tested.service.get_image(OWNER, image.id)).properties == {"a": "1"}
    await tested.service.delete_image(OWNER, shouted)
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(OWNER, image.id)


async def test_a_limit_truncates_a_list_and_more_is_true_if_it_did(
    tested: ServiceUnderTest,
) -> None:
    made = {(await tested.create()).id for _ in range(5)}
    everything, more = await list_ids(tested, ImageQuery())
    assert set(everything) == made
    assert not more
    for limit in range(1, 7):
        assert await list_ids(tested, ImageQuery(limit=limit)) == (
            everything[:limit],
            limit < len(made),
        )
    assert await list_ids(tested, ImageQuery(marker=everything[1])) == (everything[2:], False)
    assert await list_ids(tested, ImageQuery(), STRANGER) == ([], False)


async def test_filters_find_the_images_that_match(tested: ServiceUnderTest) -> None:
    one = await tested.create("a,b:c", os_distro="debian")
    await tested.create("c", os_distro="ubuntu")
    assert await list_ids(tested, ImageQuery(names=("a,b:c", "zzz"))) == ([one.id], False)
    assert await list_ids(tested, ImageQuery(names=("a,b:c",))) == ([one.id], False)
    assert await list_ids(tested, ImageQuery(properties={"os_distro": "debian"})) == (
        [one.id],
        False,
    )


async def test_an_unknown_marker_is_rejected(tested: ServiceUnderTest) -> None:
    with pytest.raises(MarkerNotFound):
        await list_ids(tested, ImageQuery(marker=UNKNOWN))


async def test_a_change_keeps_other_keys(tested: ServiceUnderTest) -> None:
    made = await tested.create(kept="1", old="2", changed="3")
    changes = PropertyChanges(set={"changed": "4", "a/b~c": "5"}, remove=frozenset({"old"}))
    after = await tested.service.change_properties(OWNER, made.id, changes)
    assert after.properties == {"kept": "1", "changed": "4", "a/b~c": "5"}
    assert await tested.service.get_image(OWNER, made.id) == after


async def test_replace_removes_properties_that_are_neither_set_nor_kept(
    tested: ServiceUnderTest,
) -> None:
    made = await tested.create(kept="1", old="2")
    changes = PropertyChanges(set={"new": "3"}, replace=True, keep=frozenset({"kept"}))
    after = await tested.service.change_properties(OWNER, made.id, changes)
    assert after.properties == {"kept": "1", "new": "3"}


async def test_a_change_that_fails_changes_nothing(tested: ServiceUnderTest) -> None:
    made = await tested.create(a="1")
    with pytest.raises(PropertyNotFound):
        await tested.service.change_properties(
            OWNER, made.id, PropertyChanges({"b": "2"}, remove=frozenset({"missing"}))
        )
    with pytest.raises(PropertyLimitExceeded):
        await tested.service.change_properties(OWNER, made.id, PropertyChanges({"b": "2"}, limit=1))
    with pytest.raises(ImageNotFound):
        await tested.service.change_properties(STRANGER, made.id, PropertyChanges({"b": "2"}))
    assert (await tested.service.get_image(OWNER, made.id)).properties == {"a": "1"}


async def test_a_change_without_effect_on_a_public_image_is_allowed_to_all_projects(
    tested: ServiceUnderTest,
) -> None:
    nothing = PropertyChanges(set={"a": "1"})
    for visibility in ("public", "community"):
        new = NewImage(visibility=visibility, properties={"a": "1"})
        image = await tested.create_image(replace(OWNER, is_admin=True), new)
        if visibility == "public":
            assert await tested.service.change_properties(STRANGER, image.id, nothing) == image
        else:
            with pytest.raises(Forbidden):
                await tested.service.change_properties(STRANGER, image.id, nothing)
        with pytest.raises(Forbidden):
            await tested.service.change_properties(
                STRANGER, image.id, PropertyChanges(set={"a": "2"})
            )


async def test_kept_keys_count_towards_the_limit_even_if_the_image_lacks_them(
    tested: ServiceUnderTest,
) -> None:
    image = await tested.create(a="1")
    keep = frozenset(("b", "c"))
    with pytest.raises(PropertyLimitExceeded):
        await tested.service.change_properties(OWNER, image.id, PropertyChanges(keep=keep, limit=2))
    await tested.service.change_properties(OWNER, image.id, PropertyChanges(keep=keep, limit=3))


async def test_a_reserved_property_is_forbidden(tested: ServiceUnderTest) -> None:
    made = await tested.create()
    with pytest.raises(Forbidden):
        await tested.service.change_properties(
            OWNER, made.id, PropertyChanges({"os_glance_x": "1"})
        )


async def put_with_reserved(tested: ServiceUnderTest, **properties: str) -> str:
    """Create an image that also has the property ``os_glance_x``; return its id."""
    image = await tested.create()
    document = orjson.dumps({**properties, "os_glance_x": "1"}).decode()
    await tested.put_image(image._replace(properties_json=document))
    return image.id


async def test_a_reserved_property_cannot_be_removed(tested: ServiceUnderTest) -> None:
    image_id = await put_with_reserved(tested)
    with pytest.raises(Forbidden):
        await tested.service.change_properties(
            OWNER, image_id, PropertyChanges(remove=frozenset(("os_glance_x",)))
        )
    assert (await tested.service.get_image(OWNER, image_id)).properties == {"os_glance_x": "1"}


async def test_replace_keeps_reserved_properties_and_does_not_count_them(
    tested: ServiceUnderTest,
) -> None:
    image_id = await put_with_reserved(tested, old="1")
    changes = PropertyChanges({"new": "2"}, replace=True, limit=1)
    after = await tested.service.change_properties(OWNER, image_id, changes)
    assert after.properties == {"os_glance_x": "1", "new": "2"}


async def test_reserved_properties_count_towards_the_limit_of_other_changes(
    tested: ServiceUnderTest,
) -> None:
    image_id = await put_with_reserved(tested)
    with pytest.raises(PropertyLimitExceeded):
        await tested.service.change_properties(
            OWNER, image_id, PropertyChanges({"a": "1"}, limit=1)
        )


async def test_concurrent_changes_of_different_keys_are_all_kept(tested: ServiceUnderTest) -> None:
    made = await tested.create()
    keys = [f"key{number}" for number in range(16)]
    await asyncio.gather(
        *(
            tested.service.change_properties(OWNER, made.id, PropertyChanges({key: "v"}))
            for key in keys
        )
    )
    assert (await tested.service.get_image(OWNER, made.id)).properties == dict.fromkeys(keys, "v")


async def test_a_protected_image_is_not_deleted(tested: ServiceUnderTest) -> None:
    made = await tested.create_image(OWNER, NewImage(name="x", protected=True))
    with pytest.raises(Forbidden):
        await tested.service.delete_image(OWNER, made.id)


async def test_a_deleted_image_is_not_found(tested: ServiceUnderTest) -> None:
    made = await tested.create()
    await tested.service.delete_image(OWNER, made.id)
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(OWNER, made.id)
