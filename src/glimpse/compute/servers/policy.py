"""ServerPolicy: who may do what with servers, by the operator's rules or Compute's own."""

from collections.abc import Mapping
from enum import StrEnum

from glimpse.compute.faults import Fault
from glimpse.images import Caller, PolicyRules
from glimpse.images.permissions import ADMINS, MEMBERS, READERS, has_any_role
from glimpse.servers.server import Server


class ServerRule(StrEnum):
    """A policy rule of Compute for servers; its value is the rule's name in policy files."""

    INDEX = "os_compute_api:servers:index"
    INDEX_ALL_PROJECTS = "os_compute_api:servers:index:get_all_tenants"
    DETAIL = "os_compute_api:servers:detail"
    DETAIL_ALL_PROJECTS = "os_compute_api:servers:detail:get_all_tenants"
    ALL_FILTERS = "os_compute_api:servers:allow_all_filters"
    SHOW = "os_compute_api:servers:show"
    SHOW_HOST_STATUS = "os_compute_api:servers:show:host_status"
    SHOW_EXTENDED = "os_compute_api:os-extended-server-attributes"
    CREATE = "os_compute_api:servers:create"
    DELETE = "os_compute_api:servers:delete"
    CREATE_IMAGE = "os_compute_api:servers:create_image"


# Compute's defaults: a caller needs one of these roles, and an admin needs none of them.
ROLES: Mapping[ServerRule, frozenset[str]] = {
    ServerRule.INDEX: READERS,
    ServerRule.INDEX_ALL_PROJECTS: ADMINS,
    ServerRule.DETAIL: READERS,
    ServerRule.DETAIL_ALL_PROJECTS: ADMINS,
    ServerRule.ALL_FILTERS: ADMINS,
    ServerRule.SHOW: READERS,
    ServerRule.SHOW_HOST_STATUS: ADMINS,
    ServerRule.SHOW_EXTENDED: ADMINS,
    ServerRule.CREATE: MEMBERS,
    ServerRule.DELETE: MEMBERS,
    ServerRule.CREATE_IMAGE: MEMBERS,
}


class ServerPolicy:
    """Decides what a caller may do with servers.

    `rules` are the operator's policy rules; None if no policy file is configured. If a rule is not
    configured, Compute's defaults apply: an admin may do everything, and another caller needs one
    of the roles in ROLES. A caller without a project may do nothing, not even as an admin. Whether
    the caller may see the server is not checked here: `ServerService` hides other projects' servers
    from all callers but admins.
    """

    def __init__(self, rules: PolicyRules | None) -> None:
        self._rules = rules

    def check(self, caller: Caller, rule: ServerRule, server: Server | None = None) -> None:
        """Raise a 403 fault if `rule` does not let `caller` act on `server`.

        If `server` is None, as for lists, the rule is evaluated for the caller's own project and
        user. A caller without a project always gets the fault.
        """
        check_has_project(caller)
        if not self.allows(caller, rule, server):
            raise Fault(403, f"Policy doesn't allow {rule} to be performed.")

    def allows(self, caller: Caller, rule: ServerRule, server: Server | None = None) -> bool:
        """Return True if `rule` lets `caller` act on `server`.

        If `server` is None, as for lists, the rule is evaluated for the caller's own project and
        user. If `rule` is not configured, the caller has to be an admin or have one of the roles in
        ROLES. For a caller without a project, the result is always False.
        """
        if caller.project_id is None:
            return False
        if self._rules is not None and self._rules.has(rule):
            return self._rules.allows(rule, caller, _target(caller, server))
        return caller.is_admin or has_any_role(caller, ROLES[rule])


def check_has_project(caller: Caller) -> None:
    """Raise a 403 fault if the caller's token is not scoped to a project."""
    if caller.project_id is None:
        raise Fault(403, "Servers need a token that is scoped to a project; this one is not.")


def _target(caller: Caller, server: Server | None) -> dict[str, str | None]:
    """Return the ids that rules compare (``%(project_id)s``): the server's project and user.

    If `server` is None, these are the project and the user of `caller`.
    """
    if server is None:
        return {"project_id": caller.project_id, "user_id": caller.user_id}
    return {"project_id": server.project_id, "user_id": server.user_id}
