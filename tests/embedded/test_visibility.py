"""Which callers see, list and change an image: the rules of the Image service as a table."""

import pytest

from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller, ImageQuery, PropertyChanges
from glimpse.images.errors import Forbidden, ImageNotFound
from tests.embedded.images import ADMIN, OTHER, OWNER, listed, make

MEMBERS = {"accepted": "accepted", "pending": "pending", "rejected": "rejected"}
CALLERS = {
    "owner": OWNER,
    "other": OTHER,
    "admin": ADMIN,
    **{name: Caller(f"u-{name}", name, frozenset({"member"})) for name in MEMBERS},
}
EVERYBODY = set(CALLERS)
# visibility: who gets it by id, who lists it, who lists it with visibility=community
TABLE = {
    "private": ({"owner", "admin"}, {"owner", "admin"}, set()),
    "shared": ({"owner", "admin", *MEMBERS}, {"owner", "admin", "accepted"}, set()),
    "community": (EVERYBODY, {"owner"}, EVERYBODY),
    "public": (EVERYBODY, EVERYBODY, set()),
}


@pytest.mark.parametrize("visibility", TABLE)
@pytest.mark.parametrize("name", CALLERS)
async def test_caller_sees_and_lists_what_the_image_service_shows(
    service: EmbeddedImageService, name: str, visibility: str
) -> None:
    members = [{"member_id": each, "status": status} for each, status in MEMBERS.items()]
    image_id = await make(service, visibility=visibility, members=members)
    caller = CALLERS[name]
    by_id, in_list, in_community = TABLE[visibility]
    found = await listed(service, caller)
    assert (image_id in found) == (name in in_list)
    assert len(found) == len(set(found)), "an image in two scopes came twice"
    community = await listed(service, caller, ImageQuery(visibility="community"))
    assert (image_id in community) == (name in in_community)
    if name in by_id:
        assert (await service.get_image(caller, image_id)).id == image_id
    else:
        with pytest.raises(ImageNotFound):
            await service.get_image(caller, image_id)


@pytest.mark.parametrize("visibility", TABLE)
@pytest.mark.parametrize("name", CALLERS)
async def test_only_owner_and_admin_may_change_an_image(
    service: EmbeddedImageService, name: str, visibility: str
) -> None:
    members = [{"member_id": each, "status": status} for each, status in MEMBERS.items()]
    image_id = await make(service, visibility=visibility, members=members)
    caller, change = CALLERS[name], PropertyChanges(set={"key": "value"})
    if name in ("owner", "admin"):
        changed = await service.change_properties(caller, image_id, change)
        assert changed.properties == {"key": "value"}
        return
    expected = Forbidden if name in TABLE[visibility][0] else ImageNotFound
    with pytest.raises(expected):
        await service.change_properties(caller, image_id, change)
    with pytest.raises(expected):
        await service.delete_image(caller, image_id)
    assert (await service.get_image(OWNER, image_id)).properties == {}


@pytest.mark.parametrize("status", ["pending", "rejected", "accepted"])
async def test_list_by_member_status_finds_images_with_that_status(
    service: EmbeddedImageService, status: str
) -> None:
    shared = {
        each: await make(
            service, visibility="shared", members=[{"member_id": "other", "status": each}]
        )
        for each in MEMBERS
    }
    query = ImageQuery(visibility="shared", member_status=status)
    assert await listed(service, OTHER, query) == [shared[status]]


async def test_shared_image_is_listed_once_the_membership_is_accepted(
    service: EmbeddedImageService,
) -> None:
    image_id = await make(service, visibility="shared")
    await service.members.add(OWNER, image_id, "other")
    assert await listed(service, OTHER) == []
    await service.members.set_status(OTHER, image_id, "other", "accepted")
    assert await listed(service, OTHER) == [image_id]


async def test_hidden_images_are_listed_only_with_os_hidden(service: EmbeddedImageService) -> None:
    hidden = await make(service, os_hidden=True)
    shown = await make(service)
    assert await listed(service, OWNER) == [shown]
    assert await listed(service, OWNER, ImageQuery(os_hidden=True)) == [hidden]


async def test_killed_images_are_never_listed(service: EmbeddedImageService) -> None:
    await make(service, status="killed")
    assert await listed(service, ADMIN) == []
    assert await listed(service, ADMIN, ImageQuery(statuses=("killed",))) == []


@pytest.mark.parametrize("visibility", TABLE)
async def test_image_without_owner_is_visible_to_all_unless_private(
    service: EmbeddedImageService, visibility: str
) -> None:
    image_id = await make(service, visibility=visibility, owner=None)
    assert (await service.get_image(ADMIN, image_id)).owner is None
    if visibility == "private":
        with pytest.raises(ImageNotFound):
            await service.get_image(OTHER, image_id)
    else:
        assert (await service.get_image(OTHER, image_id)).id == image_id
