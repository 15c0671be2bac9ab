"""Permissions: the roles, or the operator's policy rule, for each action on images.

Actions, roles and errors follow Glance's default policy (glance/policies/image.py): a caller who
may not get an image receives ImageNotFound; one who may get it, Forbidden. Visibility and ownership
of an image are not decided here but by the image service: Glance, or ``embedded.image_access``
(`is_visible`).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from glimpse.images.caller import Caller
from glimpse.images.errors import Forbidden, ImageNotFound
from glimpse.images.image import Image


class Action(StrEnum):
    """An action on images; the values are the names of Glance's policy rules."""

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
    ADD_MEMBER = "add_member"


_READERS = frozenset(("reader", "member"))  # Keystone's bootstrap makes member imply reader
_MEMBERS = frozenset(("member",))
_ADMINS: frozenset[str] = frozenset()  # no role suffices: Caller.is_admin has to be set

# The roles of which a caller needs one. An admin needs none of them.
ROLES: Mapping[Action, frozenset[str]] = {
    **dict.fromkeys(Action, _MEMBERS),
    Action.GET_IMAGES: _READERS,
    Action.GET_IMAGE: _READERS,
    Action.PUBLICIZE_IMAGE: _ADMINS,
}

Target = Mapping[str, Any]


class PolicyRules(Protocol):
    """The policy rules that the operator has configured, by name."""

    def has(self, name: str) -> bool:
        """Return True if a rule of this name is configured; policy files may change at any time."""
        ...

    def allows(self, name: str, caller: Caller, target: Target) -> bool:
        """Return True if the configured rule `name` allows `caller` to act on `target`."""
        ...


def has_role(caller: Caller, action: Action) -> bool:
    """Return True if the default policy lets a caller with these roles do `action`.

    A caller without a project (a token with system, domain or no scope) has no permission. Role
    names are compared without regard to case, as in oslo.policy.
    """
    if caller.project_id is None:
        return False
    sufficient = ROLES[action]
    return (
        caller.is_admin
        or not caller.roles.isdisjoint(sufficient)
        or any(role.lower() in sufficient for role in caller.roles)
    )


class Permissions:
    """Checks a caller's permission for an action, by the configured rule or else by its roles.

    `rules` is None without a policy file. With `is_delegated`, actions without a rule are allowed
    here, because Glance checks the caller's roles when it is called.
    """

    def __init__(self, rules: PolicyRules | None = None, *, is_delegated: bool = False) -> None:
        self._rules = rules
        self._is_delegated = is_delegated

    def has_rule(self, action: Action) -> bool:
        """Return True if the operator has configured a rule for `action`."""
        return self._rules is not None and self._rules.has(action)

    def allows(self, caller: Caller, action: Action, image: Image | None = None) -> bool:
        """Return True if `caller` may do `action` to `image`, which it can see.

        Without an image, the rule's target is the caller's project: for listing images.
        """
        if self._rules is not None and self._rules.has(action):
            return is_rule_applicable(caller) and self._rules.allows(
                action, caller, _target(caller, image)
            )
        return self._is_delegated or has_role(caller, action)

    def check(self, caller: Caller, action: Action, image: Image | None = None) -> None:
        """Raise Forbidden unless `caller` may do `action`."""
        if not self.allows(caller, action, image):
            raise Forbidden(f"You are not authorized to complete {action} action.")

    def check_create(self, caller: Caller, image: Image) -> None:
        """Raise Forbidden unless `caller` has a project and may create `image`."""
        if caller.project_id is None:
            raise Forbidden("You are not authorized to complete add_image action.")
        self.check(caller, Action.ADD_IMAGE, image)

    def check_visible(self, caller: Caller, image: Image) -> None:
        """Raise ImageNotFound unless `caller` may get `image`."""
        if not self.allows(caller, Action.GET_IMAGE, image):
            raise ImageNotFound(image.id)

    def list_filter(self, caller: Caller) -> Callable[[Image], bool] | None:
        """Return a predicate for the images that `caller` may get; None if it may get all.

        The caller must have permission for GET_IMAGES.
        """
        if self._rules is None:
            return None
        if self.has_rule(Action.GET_IMAGE):
            return lambda image: self.allows(caller, Action.GET_IMAGE, image)
        if self._is_delegated or has_role(caller, Action.GET_IMAGE):
            return None
        return lambda _: False


def is_rule_applicable(caller: Caller) -> bool:
    """Return True if policy rules can allow `caller` anything: they are written for projects.

    They can for a token with a project, or without any scope (it has no roles). Actions with a rule
    are always refused to a token with system or domain scope.
    """
    return caller.project_id is not None or not caller.roles


def _target(caller: Caller, image: Image | None) -> Target:
    """Return the values for ``%(key)s`` in a rule: attributes and properties of `image`.

    `image` is visible to the caller. ``member_id`` is the caller's project if another project
    shares the image with it, otherwise None.
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
