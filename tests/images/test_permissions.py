"""Permissions: roles, scopes and policy rules, without a service."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Forbidden, ImageNotFound
from glimpse.images.image import image_from_document
from glimpse.images.permissions import Target
from tests.embedded.images import document

DOCUMENT = document(id="an-id", visibility="shared", owner="owner", os_distro="debian")
IMAGE = image_from_document(DOCUMENT)
READS = {Action.GET_IMAGES, Action.GET_IMAGE, Action.GET_MEMBERS, Action.GET_MEMBER}
DETAILS = {Action.STORES_INFO_DETAIL, Action.FETCH_IMAGE_LOCATION}
SERVICES = {*DETAILS, Action.ADD_IMAGE_LOCATION}
ADMIN_ACTIONS = {Action.PUBLICIZE_IMAGE, Action.TASKS_API_ACCESS, Action.DELETE_IMAGE_LOCATION}
WRITES = set(Action) - READS - DETAILS - ADMIN_ACTIONS


def caller(*roles: str, project: str | None = "p", is_admin: bool = False) -> Caller:
    return Caller("u", project, frozenset(roles), is_admin=is_admin)


def allowed(who: Caller, permissions: Permissions | None = None) -> set[Action]:
    return {action for action in Action if (permissions or Permissions()).allows(who, action)}


@pytest.mark.parametrize(
    ("who", "actions"),
    [
        (caller(), set()),
        (caller("observer"), set()),
        (caller("service"), SERVICES),
        (caller("admin"), set()),  # the identity decides which roles make an admin
        (caller("reader"), READS),
        (caller("Reader"), READS),
        (caller("member"), READS | WRITES),
        (caller("MEMBER", "observer"), READS | WRITES),
        (caller("anything", is_admin=True), set(Action)),
        (caller("admin", "member", "reader", project=None, is_admin=True), set()),
        (caller("member", project=None), set()),
    ],
)
def test_each_role_allows_its_actions(who: Caller, actions: set[Action]) -> None:
    assert allowed(who) == actions


def test_delegated_permissions_allow_all_actions_without_a_rule() -> None:
    assert allowed(caller("observer"), Permissions(is_delegated=True)) == set(Action)


class Rules:
    """Policy rules that compare an attribute of the target with one of the caller."""

    def __init__(self, rules: Mapping[str, tuple[str, object]]) -> None:
        self._rules = rules

    def has(self, name: str) -> bool:
        return name in self._rules

    def allows(self, name: str, caller: Caller, target: Target) -> bool:  # noqa: ARG002  the port's
        key, value = self._rules[name]
        return target.get(key) == value


@pytest.mark.parametrize("is_delegated", [True, False])
def test_a_rule_replaces_the_default_of_its_own_action_only(*, is_delegated: bool) -> None:
    rules = Rules({Action.MODIFY_IMAGE: ("os_distro", "debian")})
    permissions = Permissions(rules, is_delegated=is_delegated)
    assert permissions.allows(caller("observer"), Action.MODIFY_IMAGE, IMAGE)
    changed = IMAGE._replace(properties_json='{"os_distro": "ubuntu"}')
    assert not permissions.allows(caller(is_admin=True), Action.MODIFY_IMAGE, changed)
    assert permissions.allows(caller("observer"), Action.DELETE_IMAGE, IMAGE) == is_delegated


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_id", "owner"),
        ("owner", "owner"),
        ("visibility", "shared"),
        ("member_id", "p"),
        ("image_id", "an-id"),
        ("status", "active"),
    ],
)
def test_a_rule_can_refer_to_attributes_of_the_image(key: str, value: str) -> None:
    permissions = Permissions(Rules({Action.GET_IMAGE: (key, value)}))
    assert permissions.allows(caller(), Action.GET_IMAGE, IMAGE)


@pytest.mark.parametrize("visibility", ["private", "public", "community"])
def test_member_id_is_set_for_shared_images_of_other_projects_only(visibility: str) -> None:
    permissions = Permissions(Rules({Action.GET_IMAGE: ("member_id", "p")}))
    other = IMAGE._replace(visibility=visibility)
    assert not permissions.allows(caller(), Action.GET_IMAGE, other)
    assert not permissions.allows(caller(), Action.GET_IMAGE, IMAGE._replace(owner="p"))


def test_no_rule_allows_a_system_token_or_a_creation_without_a_project() -> None:
    permissions = Permissions(Rules(dict.fromkeys(Action, ("nothing", None))))
    unscoped = caller(project=None)
    assert permissions.allows(unscoped, Action.GET_IMAGES)
    assert not permissions.allows(caller("reader", project=None), Action.GET_IMAGES)
    with pytest.raises(Forbidden):
        permissions.check_create(unscoped, IMAGE)


def test_a_list_is_filtered_only_if_some_images_may_be_hidden() -> None:
    def accepts(permissions: Permissions, who: Caller, image: Image = IMAGE) -> bool | None:
        accept = permissions.list_filter(who)
        return None if accept is None else accept(image)

    reader, observer = caller("reader"), caller("observer")
    assert accepts(Permissions(), reader) is None
    assert accepts(Permissions(Rules({})), reader) is None
    listing = Permissions(Rules({Action.GET_IMAGES: ("nothing", None)}))
    assert accepts(listing, reader) is None
    assert accepts(listing, observer) is False
    getting = Permissions(Rules({Action.GET_IMAGE: ("visibility", "shared")}))
    assert accepts(getting, observer) is True
    assert accepts(getting, reader, IMAGE._replace(visibility="public")) is False


def test_an_image_is_not_found_by_a_caller_who_may_not_get_it() -> None:
    with pytest.raises(ImageNotFound):
        Permissions().check_visible(replace(caller("observer")), IMAGE)
