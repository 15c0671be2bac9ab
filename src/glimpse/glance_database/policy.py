"""GlancePolicy: what Glance's policy allows a caller to read.

Glance evaluates three rules when it reads images: ``context_is_admin`` once for a request, then
``get_images`` for a list, and ``get_image`` for each image (glance/policies/base.py and image.py).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from glimpse.images import Caller, Image

IS_ADMIN = "context_is_admin"
GET_IMAGES = "get_images"
GET_IMAGE = "get_image"
# The rules of Glance's default policy, from 2023.1 to 33.0.0, without those of deprecated roles.
DEFAULT_RULES: Mapping[str, str] = {
    "default": "",
    IS_ADMIN: "role:admin",
    "service_api": "role:service or role:admin",
    GET_IMAGES: "rule:context_is_admin or (role:reader and project_id:%(project_id)s)",
    GET_IMAGE: (
        "rule:context_is_admin or (role:reader and (project_id:%(project_id)s"
        " or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s"
        " or 'shared':%(visibility)s))"
    ),
}
# The attributes of a token that rules may compare.
CREDENTIALS = frozenset(
    ("user_id", "project_id", "user_domain_id", "project_domain_id", "roles", "is_admin")
)
RULE_NAMES = frozenset((IS_ADMIN, GET_IMAGES, GET_IMAGE))


class GlanceRules(Protocol):
    """Glance's policy: DEFAULT_RULES, and the operator's rules in their place."""

    def refresh(self) -> bool:
        """Read changed files again. Return True if the files replace one of DEFAULT_RULES."""
        ...

    def evaluate(self, name: str, target: Mapping[str, Any], credentials: dict[str, Any]) -> bool:
        """Return True if the rule `name` allows the holder of `credentials` to act on `target`."""
        ...


class GlanceCaller:
    """A caller as Glance sees it: `is_admin` by its own rule, and roles in lower case.

    Make one for each request, because the rules may change.
    """

    def __init__(self, caller: Caller, rules: GlanceRules) -> None:
        self._rules = rules
        self.project_id = caller.project_id
        # Tokens with system or domain scope are refused; those without any scope have no roles.
        self._is_in_scope = caller.project_id is not None or not caller.roles
        self._credentials: dict[str, Any] = {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "roles": sorted(role.lower() for role in caller.roles),
            "user_domain_id": caller.user_domain_id,
            "project_domain_id": caller.project_domain_id,
            "is_admin": False,
        }
        self._has_default_rules = not rules.refresh()
        self.is_admin = rules.evaluate(IS_ADMIN, self._credentials, self._credentials)
        self._credentials["is_admin"] = self.is_admin
        self._known: dict[tuple[str | None, str], bool] = {}

    def may_list(self) -> bool:
        """Return True if the caller may list images at all."""
        return self._is_in_scope and self._rules.evaluate(
            GET_IMAGES, {"project_id": self.project_id}, self._credentials
        )

    def may_get(self, image: Image) -> bool:
        """Return True if the policy lets the caller get an image that is visible to it."""
        if not self._is_in_scope:
            return False
        if not self._has_default_rules:
            return self._rules.evaluate(GET_IMAGE, self._target(image), self._credentials)
        key = (image.owner, image.visibility)  # all that the default rule compares
        if key not in self._known:
            target = self._target(image)
            self._known[key] = self._rules.evaluate(GET_IMAGE, target, self._credentials)
        return self._known[key]

    def _target(self, image: Image) -> dict[str, Any]:
        """Return what rules can name as ``%(key)s``: attributes and properties of the image.

        ``member_id`` is the caller's project if another project shares the image, otherwise None.
        """
        attributes = image._asdict()
        del attributes["tags_json"], attributes["properties_json"]
        is_shared = image.visibility == "shared" and image.owner != self.project_id
        member = self.project_id if is_shared else None
        return {
            **image.properties,
            **attributes,
            "image_id": image.id,
            "project_id": image.owner,
            "member_id": member,
            "member": member,
        }
