"""Permissions by roles and by policy rules, with each ImageService."""

from dataclasses import replace

import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.images import ImageQuery, PropertyChanges
from glimpse.images.errors import Forbidden, ImageNotFound, PropertyNotFound
from tests.images.services import OWNER, ServiceUnderTest, caller, list_ids


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_a_reader_may_read_and_not_write(tested: ServiceUnderTest, visibility: str) -> None:
    new = NewImage(visibility=visibility, properties={"a": "1"})
    image = await tested.create_image(replace(OWNER, is_admin=True), new)
    reader = caller("demo", ("reader",))
    assert await tested.service.get_image(reader, image.id) == image
    assert await list_ids(tested, ImageQuery(), reader) == ([image.id], False)
    for changes in (PropertyChanges({"a": "2"}), PropertyChanges({"a": "1"}), PropertyChanges()):
        with pytest.raises(Forbidden):
            await tested.service.change_properties(reader, image.id, changes)
    with pytest.raises(Forbidden):
        await tested.service.delete_image(reader, image.id)
    missing = PropertyChanges(remove=frozenset({"missing"}))
    with pytest.raises(PropertyNotFound):
        await tested.service.change_properties(reader, image.id, missing)
    assert await tested.service.get_image(OWNER, image.id) == image


@pytest.mark.parametrize("roles", [(), ("observer",), ("service", "observer")])
async def test_nothing_is_visible_without_a_known_role(
    tested: ServiceUnderTest, roles: tuple[str, ...]
) -> None:
    new = NewImage(visibility="public")
    image = await tested.create_image(replace(OWNER, is_admin=True), new)
    nobody = caller("demo", roles)
    with pytest.raises(Forbidden):
        await list_ids(tested, ImageQuery(), nobody)
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(nobody, image.id)
    with pytest.raises(ImageNotFound):
        await tested.service.change_properties(nobody, image.id, PropertyChanges({"a": "1"}))
    with pytest.raises(ImageNotFound):
        await tested.service.delete_image(nobody, image.id)
    assert await tested.service.get_image(OWNER, image.id) == image


RULES: dict[str, object] = {
    "get_images": "not role:blind",
    "get_image": "'debian':%(os_distro)s or role:curator",
    "modify_image": "role:curator",
    "delete_image": "!",
}


@pytest.mark.parametrize("rules", [RULES], ids=["rules"], indirect=True)
async def test_configured_rules_replace_the_defaults(tested: ServiceUnderTest, rules: None) -> None:  # noqa: ARG001  a fixture with an effect
    first, hidden, second = [
        await tested.create(str(number), os_distro=distro)
        for number, distro in enumerate(("debian", "ubuntu", "debian"))
    ]
    shown = sorted((second, first), key=lambda each: (each.created_at, each.id), reverse=True)
    ids = [image.id for image in shown]
    assert await list_ids(tested, ImageQuery()) == (ids, False)
    assert await list_ids(tested, ImageQuery(limit=1)) == (ids[:1], True)
    assert await list_ids(tested, ImageQuery(limit=2)) == (ids, False)
    assert await tested.service.get_image(OWNER, first.id) == first
    with pytest.raises(Forbidden):
        await list_ids(tested, ImageQuery(), caller("demo", ("member", "blind")))
    with pytest.raises(ImageNotFound):
        await tested.service.get_image(OWNER, hidden.id)
    with pytest.raises(ImageNotFound):
        await tested.service.delete_image(OWNER, hidden.id)
    for changes in (PropertyChanges({"a": "1"}), PropertyChanges()):
        with pytest.raises(Forbidden):
            await tested.service.change_properties(OWNER, first.id, changes)
    with pytest.raises(Forbidden):
        await tested.service.delete_image(OWNER, first.id)
    curator = caller("demo", ("member", "curator"))
    changed = await tested.service.change_properties(
        curator, hidden.id, PropertyChanges({"a": "1"})
    )
    assert changed.properties == {"os_distro": "ubuntu", "a": "1"}
