"""Permissions: which actions on images a caller's roles, or configured rules, allow.

Actions, roles and errors are those of Glance's default policy (glance/policies/image.py). A caller
without permission to get an image receives ImageNotFound; a caller who may get it, but may not do
the action, receives Forbidden. The visibility and the owner of an image are checked elsewhere: by
Glance, or by ``embedded.image_permissions``.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from glimpse.images.caller import Caller
from glimpse.images.errors import Forbidden, ImageNotFound
from glimpse.images.image import Image


class Action(StrEnum):
    """An action on images; its value is the name of Glance's policy rule for it."""

    GET_IMAGES = "get_images"
    GET_IMAGE = "get_image"
    DOWNLOAD_IMAGE = "download_image"
    ADD_IMAGE = "add_image"
    MODIFY_IMAGE = "modify_image"
    DELETE_IMAGE = "delete_image"
    UPLOAD_IMAGE = "upload_image"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    COMMUNITIZE_IMAGE = "communitize_image"
    PUBLICIZE_IMAGE = "publicize_image"
    GET_MEMBERS = "get_members"
    GET_MEMBER = "get_member"
    ADD_MEMBER = "add_member"
    MODIFY_MEMBER = "modify_member"
    DELETE_MEMBER = "delete_member"
    STORES_INFO_DETAIL = "stores_info_detail"
    FETCH_IMAGE_LOCATION = "fetch_image_location"
    ADD_IMAGE_LOCATION = "add_image_location"
    DELETE_IMAGE_LOCATION = "delete_image_location"
    TASKS_API_ACCESS = "tasks_api_access"


READERS = frozenset(("reader", "member"))  # Keystone's bootstrap makes member imply reader
MEMBERS = frozenset(("member",))
SERVICES = frozenset(("service",))  # the role of users of other services
ADMINS: frozenset[str] = frozenset()  # no role suffices: Caller.is_admin has to be set

# A caller needs one of these roles for the action. An admin needs none of them.
ROLES: Mapping[Action, frozenset[str]] = {
    **dict.fromkeys(Action, MEMBERS),
    Action.GET_IMAGES: READERS,
    Action.GET_IMAGE: READERS,
    Action.GET_MEMBERS: READERS,
    Action.GET_MEMBER: READERS,
    Action.PUBLICIZE_IMAGE: ADMINS,
    Action.STORES_INFO_DETAIL: SERVICES,
    Action.TASKS_API_ACCESS: ADMINS,
    Action.FETCH_IMAGE_LOCATION: SERVICES,
    Action.ADD_IMAGE_LOCATION: MEMBERS | SERVICES,
    Action.DELETE_IMAGE_LOCATION: ADMINS,
}

Target = Mapping[str, Any]


class PolicyRules(Protocol):
    """The rules in the operator's policy files, by name. The files may change at any time."""

    def has(self, name: str) -> bool:
        """Return True if the policy files have a rule of this name at present."""
        ...

    def allows(self, name: str, caller: Caller, target: Target) -> bool:
        """Return True if the rule `name`, which must exist, allows `caller` to act on `target`.

        `target` has the values that a rule can name as ``%(key)s``.
        """
        ...


def has_role(caller: Caller, action: Action) -> bool:
    """Return True if the default policy allows `action` to a caller with `caller`'s roles.

    It allows nothing to a caller without a project, whose token has system, domain or no scope. It
    allows everything to an admin with a project.
    """
    if caller.project_id is None:
        return False
    return caller.is_admin or holds_one(caller, ROLES[action])


def holds_one(caller: Caller, roles: frozenset[str]) -> bool:
    """Return True if the caller holds one of `roles`, whose names are in lower case.

    The case of the caller's roles is ignored, as in oslo.policy.
    """
    return not caller.roles.isdisjoint(roles) or any(role.lower() in roles for role in caller.roles)


class Permissions:
    """Decides if a caller may do an action: by the operator's rule for it, or by the roles.

    The caller's roles decide (see `has_role`) if there is no rule for the action. `rules` is None
    if no policy file is configured. With `is_delegated`, an action without a rule is allowed
    whatever the roles, because Glance checks them when it is called.
    """

    def __init__(self, rules: PolicyRules | None = None, *, is_delegated: bool = False) -> None:
        self._rules = rules
        self._is_delegated = is_delegated

    def has_rule(self, action: Action) -> bool:
        """Return True if the operator has configured a rule for `action`."""
        return self._rules is not None and self._rules.has(action)

    def allows(self, caller: Caller, action: Action, image: Image | None = None) -> bool:
        """Return True if `caller` may do `action` to `image`.

        The class says what decides; a rule refuses every token with system or domain scope. It does
        not check that the image is visible to the caller. Without an image, a rule's target is the
        caller's own project, as for listing images.
        """
        if self._rules is not None and self._rules.has(action):
            return is_rule_applicable(caller) and self._rules.allows(
                action, caller, _target(caller, image)
            )
        return self._is_delegated or has_role(caller, action)

    def check(self, caller: Caller, action: Action, image: Image | None = None) -> None:
        """Raise Forbidden unless `allows` returns True for the same arguments."""
        if not self.allows(caller, action, image):
            raise Forbidden(f"You are not authorized to complete {action} action.")

    def check_create(self, caller: Caller, image: Image) -> None:
        """Raise Forbidden unless `caller` has a project and permission to create `image`.

        Whether the image may have its owner and its visibility is not checked.
        """
        if caller.project_id is None:
            raise Forbidden("You are not authorized to complete add_image action.")
        self.check(caller, Action.ADD_IMAGE, image)

    def check_visible(self, caller: Caller, image: Image) -> None:
        """Raise ImageNotFound unless `caller` has the permission to get `image`.

        It does not check that the image's visibility lets the caller see it.
        """
        if not self.allows(caller, Action.GET_IMAGE, image):
            raise ImageNotFound(image.id)

    def list_filter(self, caller: Caller) -> Callable[[Image], bool] | None:
        """Return a function that is True for the images in a list that `caller` may get.

        Returns None if it may get all of them. Without policy files, it is always None, because the
        default policy has the same roles for listing and getting images. It does not check the
        permission to list images.
        """
        if self._rules is None:
            return None
        if self.has_rule(Action.GET_IMAGE):
            return lambda image: self.allows(caller, Action.GET_IMAGE, image)
        if self._is_delegated or has_role(caller, Action.GET_IMAGE):
            return None
        return lambda _: False


def is_rule_applicable(caller: Caller) -> bool:
    """Return True if policy rules are evaluated for `caller`.

    They are evaluated for a token that has a project, and for one that has no scope (and so no
    roles). A token with system or domain scope is refused every action that has a rule, because its
    roles do not belong to a project.
    """
    return caller.project_id is not None or not caller.roles


def _target(caller: Caller, image: Image | None) -> Target:
    """Return what rules can name as ``%(key)s``: properties and attributes of `image`.

    Tags are left out. ``image_id`` is its id, ``project_id`` and ``owner`` are its owner.
    ``member_id`` is the caller's project if another project shares the image with it; None
    otherwise, and for an admin. `image` must be visible to the caller. Without an image,
    ``project_id`` and ``owner`` are the caller's project.
    """
    if image is None:
        return {"project_id": caller.project_id, "owner": caller.project_id}
    attributes = image._asdict()
    del attributes["tags_json"], attributes["properties_json"]
    is_shared = image.visibility == "shared" and image.owner not in (None, caller.project_id)
    return {
        **image.properties,
        **attributes,
        "image_id": image.id,
        "project_id": image.owner,
        "member_id": caller.project_id if is_shared and not caller.is_admin else None,
    }
