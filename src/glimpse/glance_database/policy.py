"""GlancePolicy: what Glance's policy allows a caller to read.

Glance evaluates three rules when it reads images: ``context_is_admin`` once for a request, then
``get_images`` for a list, and ``get_image`` for each image (glance/policies/base.py and image.py).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from glimpse.caching.lru_cache import LruCache
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
# The attributes of a token that rules may compare; is_admin never matches, as in Glance.
CREDENTIALS = frozenset(
    ("user_id", "project_id", "user_domain_id", "project_domain_id", "roles", "is_admin")
)
_MAX_DECISIONS = 10_000
RULE_NAMES = frozenset((IS_ADMIN, GET_IMAGES, GET_IMAGE))


class GlanceRules(Protocol):
    """Glance's policy: the operator's rules, and DEFAULT_RULES where the operator has none."""

    def refresh(self) -> bool:
        """Read the policy files again if they have changed. Raises nothing.

        If a changed file cannot be used, logs an error and keeps the old rules. Returns True if the
        policy files have a rule with a name in DEFAULT_RULES.
        """
        ...

    def evaluate(self, name: str, target: Mapping[str, Any], credentials: dict[str, Any]) -> bool:
        """Return True if the rule `name` allows the holder of `credentials` to act on `target`.

        This method does not read changed files: call `refresh` first. A rule with this name must
        exist. `credentials` are the attributes of a token, by the names in CREDENTIALS. `target`
        has the values that the rule can name as ``%(key)s``.
        """
        ...


class GlancePolicy:
    """Decides what callers may read, by the `rules` of Glance's policy.

    oslo.policy needs 0.1 ms to evaluate a rule, so decisions by DEFAULT_RULES are cached. Such a
    decision depends only on the roles and the project of the caller, and on the owner and the
    visibility of the image. If the operator has replaced a default rule, no decision is cached.
    """

    def __init__(self, rules: GlanceRules) -> None:
        self._rules = rules
        self._decisions: LruCache[tuple[object, ...], bool] = LruCache(_MAX_DECISIONS)

    def identify(self, caller: Caller) -> "GlanceCaller":
        """Read changed policy files again, and return what the policy allows the caller.

        Use the result for one request only, because the rules may change.
        """
        decisions = None if self._rules.refresh() else self._decisions
        return GlanceCaller(caller, self._rules, decisions)


class GlanceCaller:
    """A caller, and what Glance's policy allows the caller to read.

    `is_admin` is the result of the rule ``context_is_admin``. `decisions` is the cache of
    decisions; None if the operator has replaced a default rule. A caller whose token has system or
    domain scope may read nothing.
    """

    def __init__(
        self,
        caller: Caller,
        rules: GlanceRules,
        decisions: LruCache[tuple[object, ...], bool] | None,
    ) -> None:
        self._caller = caller
        self._rules = rules
        self._decisions = decisions
        self.project_id = caller.project_id
        # Tokens with system or domain scope are refused; those without any scope have no roles.
        self._is_in_scope = caller.project_id is not None or not caller.roles
        self.is_admin = self._decide((IS_ADMIN,), self._admin_target)

    def may_list(self) -> bool:
        """Return True if the rule ``get_images`` allows the caller to list images.

        The result is False if the caller's token has system or domain scope.
        """
        target = {"project_id": self.project_id}
        return self._is_in_scope and self._decide((GET_IMAGES,), lambda: target)

    def may_get(self, image: Image) -> bool:
        """Return True if the rule ``get_image`` allows the caller to get `image`.

        The result is False if the caller's token has system or domain scope. Call this only for an
        image that is visible to the caller (see `visibility.is_visible`).
        """
        key = (GET_IMAGE, image.owner, image.visibility)
        return self._is_in_scope and self._decide(key, lambda: self._target(image))

    def _decide(
        self, key: tuple[str | None, ...], make_target: Callable[[], dict[str, Any]]
    ) -> bool:
        """Return True if the rule `key[0]` allows the caller to act on the target.

        The other items of `key` are the values of the target that the default rule compares. The
        cache, if there is one, keeps the decision for this key and the caller's roles and project.
        `make_target` is called only if the cache has no decision.
        """
        if self._decisions is None:
            return self._evaluate(str(key[0]), make_target())
        known = (*key, self._caller.roles, self.project_id)
        decision = self._decisions.get(known)
        if decision is None:
            decision = self._evaluate(str(key[0]), make_target())
            self._decisions.put(known, decision)
        return decision

    def _evaluate(self, name: str, target: dict[str, Any]) -> bool:
        return self._rules.evaluate(name, target, self._credentials())

    def _admin_target(self) -> dict[str, Any]:
        """Return the values that the rule context_is_admin can name as ``%(key)s``.

        The names are those of Glance's request context: ``user``, for example, where CREDENTIALS
        has ``user_id``.
        """
        caller = self._caller
        return {
            "user": caller.user_id,
            "project_id": caller.project_id,
            "project": caller.project_id,
            "user_domain": caller.user_domain_id,
            "project_domain": caller.project_domain_id,
            "roles": sorted(caller.roles),
            "is_admin": False,
        }

    def _credentials(self) -> dict[str, Any]:
        caller = self._caller
        return {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "roles": sorted(role.lower() for role in caller.roles),
            "user_domain_id": caller.user_domain_id,
            "project_domain_id": caller.project_domain_id,
        }

    def _target(self, image: Image) -> dict[str, Any]:
        """Return the attributes and properties of the image that rules can name as ``%(key)s``.

        ``image_id`` is the image's id, and ``project_id`` its owner. ``member_id`` and ``member``
        are the caller's project if the visibility is "shared" and another project is the owner,
        otherwise None. Tags are left out. An attribute hides a property of the same name.
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
