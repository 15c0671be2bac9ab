"""Permissions: which actions on images a caller's roles, or configured rules, allow.

Actions, roles and errors are the same as in Glance's default policy (glance/policies/image.py). A
caller without permission to get an image receives ImageNotFound. A caller who may get the image,
but may not do the action, receives Forbidden. The visibility and the owner of an image are checked
elsewhere: by Glance, or by ``embedded.image_permissions``.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from glimpse.images.caller import Caller
from glimpse.images.errors import Forbidden, ImageNotFound
from glimpse.images.image import Image


class Action(StrEnum):
    """An action on images. The value is the name of the action's policy rule in Glance."""

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

# A caller needs one of an action's roles. An admin needs no role.
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
        """Return True if the policy files currently have a rule with this name."""
        ...

    def allows(self, name: str, caller: Caller, target: Target) -> bool:
        """Return True if the rule `name` allows `caller` to act on `target`.

        The rule must exist: call `has` first. `target` has the values that a rule can name as
        ``%(key)s``.
        """
        ...


def has_role(caller: Caller, action: Action) -> bool:
    """Return True if Glance's default policy allows `action` to the roles of `caller`.

    Always returns False for a caller without a project, even for an admin: the token has system,
    domain or no scope. Otherwise returns True for an admin.
    """
    if caller.project_id is None:
        return False
    return caller.is_admin or has_any_role(caller, ROLES[action])


def has_any_role(caller: Caller, roles: frozenset[str]) -> bool:
    """Return True if the caller has one of `roles`, which are in lower case.

    The case of the caller's roles is ignored, as in oslo.policy.
    """
    return not caller.roles.isdisjoint(roles) or any(role.lower() in roles for role in caller.roles)


class Permissions:
    """Decides if a caller may do an action. Does not check an image's owner and visibility.

    If the operator has configured a rule for the action, the rule decides. Otherwise the caller's
    roles decide (see `has_role`).

    `rules` are the configured rules; None if no policy file is configured. `is_delegated` is True
    if Glance checks the roles: then every caller may do an action that has no rule.
    """

    def __init__(self, rules: PolicyRules | None = None, *, is_delegated: bool = False) -> None:
        self._rules = rules
        self._is_delegated = is_delegated

    def has_rule(self, action: Action) -> bool:
        """Return True if the operator has configured a rule for `action`."""
        return self._rules is not None and self._rules.has(action)

    def allows(self, caller: Caller, action: Action, image: Image | None = None) -> bool:
        """Return True if `caller` may do `action` to `image`: by a rule, or else by its roles.

        If `image` is None, a rule is evaluated for the caller's own project, as for listing images.
        If there is a rule, the result is always False for a token with system or domain scope.
        Without a rule, the result is always True if Glance checks the roles (`is_delegated`).
        """
        if self._rules is not None and self._rules.has(action):
            return is_rule_applicable(caller) and self._rules.allows(
                action, caller, _target(caller, image)
            )
        return self._is_delegated or has_role(caller, action)

    def check(self, caller: Caller, action: Action, image: Image | None = None) -> None:
        """Raise Forbidden if `allows` returns False for the same arguments."""
        if not self.allows(caller, action, image):
            raise Forbidden(f"You are not authorized to complete {action} action.")

    def check_create(self, caller: Caller, image: Image) -> None:
        """Raise Forbidden if `caller` has no project, or no permission to create `image`.

        Whether `caller` may choose the owner and visibility of `image` is not checked.
        """
        if caller.project_id is None:
            raise Forbidden("You are not authorized to complete add_image action.")
        self.check(caller, Action.ADD_IMAGE, image)

    def check_visible(self, caller: Caller, image: Image) -> None:
        """Raise ImageNotFound if `caller` has no permission to get `image`.

        Only the policy and the caller's roles are checked here. The image service checks the owner
        and the visibility of the image.
        """
        if not self.allows(caller, Action.GET_IMAGE, image):
            raise ImageNotFound(image.id)

    def list_filter(self, caller: Caller) -> Callable[[Image], bool] | None:
        """Return a test for images that `caller` may get; None if `caller` may get all images.

        Call this method after a check of Action.GET_IMAGES. Pass to the function only images whose
        owner and visibility let `caller` see them.

        - If no policy file is configured, returns None, because the default policy has the same
          roles for listing and getting images.
        - If Action.GET_IMAGE has a rule, the function evaluates the rule for each image.
        - If it has no rule, but the caller's roles allow it or Glance checks the roles
          (`is_delegated`), returns None.
        - Otherwise the function returns False for every image.
        """
        if self._rules is None:
            return None
        if self.has_rule(Action.GET_IMAGE):
            return lambda image: self.allows(caller, Action.GET_IMAGE, image)
        if self._is_delegated or has_role(caller, Action.GET_IMAGE):
            return None
        return lambda _: False


def is_rule_applicable(caller: Caller) -> bool:
    """Return True if policy rules are evaluated for `caller`; False if all rules forbid.

    Returns True for a token with a project, and for a token without scope, which has no roles.
    Returns False for a token with system or domain scope, because the token's roles do not belong
    to a project.
    """
    return caller.project_id is not None or not caller.roles


def _target(caller: Caller, image: Image | None) -> Target:
    """Return the values that rules can name as ``%(key)s``, for `image` and `caller`.

    If `image` is None, the values are only ``project_id`` and ``owner``, both the caller's project.
    Otherwise, `image` must be an image that `caller` can see, and these are the values:

    - the attributes of `image`, without tags
    - ``image_id``, the image's id
    - ``project_id``, the image's owner
    - ``member_id``, the caller's project if `image` is shared and belongs to another project, and
      the caller is no admin; otherwise None
    - the properties of `image`, except those that have the key of a value above
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
