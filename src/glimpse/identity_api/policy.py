"""Who may do what in the Identity API: Keystone's default policy, as a table of rules."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from glimpse.identity.embedded.directory_entries import Role
from glimpse.identity.embedded.errors import Forbidden
from glimpse.identity.embedded.session import Session

_MANAGED_ROLES = frozenset(("manager", "member", "reader"))  # roles that managers may assign


class PolicyTarget(NamedTuple):
    """The object that a request acts on: its ids, which rules compare with the caller's token.

    - ``domain_id``: the domain of the object. If the object is a domain, this is the id of the
      object itself.
    - ``user_id``: the user that the object is, or that owns the object.
    - ``project_id``: the project that the object is, or that owns the object.
    - ``user_domain_id``: the domain of the user in a role assignment. In this case, ``domain_id``
      is the domain of the assignment's scope.
    - ``role``: the role that the object is, or that a role assignment assigns. None if the object
      is of another kind, or if the request concerns all roles.

    No token matches a value of None. A rule may still allow the request by another condition, such
    as the role admin.
    """

    domain_id: str | None = None
    user_id: str | None = None
    project_id: str | None = None
    user_domain_id: str | None = None
    role: Role | None = None


class _Rule(NamedTuple):
    """Who may perform an action.

    At least one of the functions in ``callers`` must return True for the caller, and the scope of
    the caller's token must be in ``scopes``. An unscoped token counts as a token for a project.
    """

    callers: tuple[Callable[[Session, PolicyTarget], bool], ...]
    scopes: tuple[str, ...] = ("system", "domain", "project")


def check(session: Session, action: str, target: PolicyTarget = PolicyTarget()) -> None:  # noqa: B008  immutable
    """Raise Forbidden if the caller may not perform `action` on `target`.

    The arguments are those of `is_allowed`.
    """
    if not is_allowed(session, action, target):
        raise Forbidden(
            f"You are not authorized to perform the requested action: identity:{action}."
        )


def is_allowed(session: Session, action: str, target: PolicyTarget = PolicyTarget()) -> bool:  # noqa: B008  immutable
    """Return True if the caller may perform `action` on `target`.

    `session` is the session of the caller's token, whose roles and scope must fit the rule of
    `action`. `action` is a key of RULES, such as ``get_user``. Leave out `target` if `action`
    concerns all objects, or no particular one. Then the conditions of the rule that compare the
    caller with an object are not met, but others, such as the role admin, may be.
    """
    callers, scopes = RULES[action]
    return _scope_of(session) in scopes and any(is_caller(session, target) for is_caller in callers)


def _scope_of(session: Session) -> str:
    if session.token.is_system:
        return "system"
    return "project" if session.domain is None else "domain"


def _anybody(_session: Session, _target: PolicyTarget) -> bool:
    return True


def _admin(session: Session, _: PolicyTarget) -> bool:
    return "admin" in session.role_names


def _service(session: Session, _: PolicyTarget) -> bool:
    return "service" in session.role_names


def _system_reader(session: Session, _: PolicyTarget) -> bool:
    return session.token.is_system and "reader" in session.role_names


def _system_admin(session: Session, _: PolicyTarget) -> bool:
    return session.token.is_system and "admin" in session.role_names


def _owner(session: Session, target: PolicyTarget) -> bool:
    """Return True if the target is the user of the token, or belongs to that user."""
    return session.user.id == target.user_id


def _in_project(session: Session, target: PolicyTarget) -> bool:
    """Return True if the target is the project of the token, or belongs to that project."""
    return session.project is not None and session.project.id == target.project_id


def _in_domain(session: Session, target: PolicyTarget) -> bool:
    """Return True if the token is for the target's domain, or for a project in that domain."""
    own = session.domain.id if session.domain else session.project and session.project.domain_id
    return own is not None and own == target.domain_id


def _has_in_domain(session: Session, target: PolicyTarget, role: str) -> bool:
    """Return True if the token is for the target's domain and has the role named `role`."""
    domain = session.domain
    return domain is not None and domain.id == target.domain_id and role in session.role_names


def _domain_reader(session: Session, target: PolicyTarget) -> bool:
    return _has_in_domain(session, target, "reader")


def _domain_manager(session: Session, target: PolicyTarget) -> bool:
    return _has_in_domain(session, target, "manager")


def _manager_of_assignable_role(session: Session, target: PolicyTarget) -> bool:
    """Return True if the token has the role manager, and managers may assign ``target.role``.

    Managers may assign the roles manager, member and reader. Returns False if ``target.role`` is
    None.
    """
    is_managed = target.role is not None and target.role.name in _MANAGED_ROLES
    return is_managed and "manager" in session.role_names


def _manager_of_any_domain(session: Session, _: PolicyTarget) -> bool:
    return session.domain is not None and "manager" in session.role_names


def _grant_reader(session: Session, target: PolicyTarget) -> bool:
    """Return True if the caller may read the role assignment `target` as a domain reader.

    The token must be for the domain of the assignment's scope, and have the role reader. The
    assignment's user must be in the same domain.
    """
    return _domain_reader(session, target) and target.user_domain_id == target.domain_id


def _grant_manager(session: Session, target: PolicyTarget) -> bool:
    """Return True if the caller may change the role assignment `target` as a domain manager.

    The token must be for the domain of the assignment's scope, and have the role manager. The
    assignment's user must be in the same domain, and managers may assign the role.
    """
    is_managed = _domain_manager(session, target) and target.user_domain_id == target.domain_id
    return is_managed and _manager_of_assignable_role(session, target)


def _role_is_usable(session: Session, target: PolicyTarget) -> bool:
    """Return True if the target's role belongs to no domain, or to the domain of the token.

    Returns False if the target has no role.
    """
    own = session.domain.id if session.domain else None
    return target.role is not None and target.role.domain_id in (None, own)


def _grant_checker(session: Session, target: PolicyTarget) -> bool:
    return _grant_reader(session, target) and _role_is_usable(session, target)


_NOT_DOMAIN = ("system", "project")
_ADMIN_NOT_FOR_DOMAINS = _Rule((_admin,), _NOT_DOMAIN)
_READERS = _Rule((_admin, _system_reader), _NOT_DOMAIN)
_DOMAIN_READERS = _Rule((_admin, _system_reader, _domain_reader))
_DOMAIN_MANAGERS = _Rule((_admin, _domain_manager))
_PROJECT_READERS = _Rule((_admin, _system_reader, _domain_reader, _in_project))
_USER_READERS = _Rule((_admin, _system_reader, _domain_reader, _owner))
_RULE_READERS = _Rule((_system_reader, _owner), _NOT_DOMAIN)
_CREDENTIAL_READERS = _Rule((_admin, _system_reader, _owner), _NOT_DOMAIN)
_EVERYBODY = _Rule((_anybody,))
_WRITES = ("create", "update", "delete")

# By action: its name in Keystone's policy, without ``identity:``. If a rule allows tokens for
# domains, an admin of any domain has the same rights as an admin of the system.
RULES: Mapping[str, _Rule] = {
    "get_project": _PROJECT_READERS,
    "list_projects": _DOMAIN_READERS,
    "list_user_projects": _USER_READERS,
    **{f"{verb}_project": _DOMAIN_MANAGERS for verb in _WRITES},
    "list_project_tags": _PROJECT_READERS,
    "get_project_tag": _PROJECT_READERS,
    "update_project_tags": _DOMAIN_MANAGERS,
    "create_project_tag": _DOMAIN_MANAGERS,
    "delete_project_tags": _DOMAIN_MANAGERS,
    "delete_project_tag": _DOMAIN_MANAGERS,
    "get_user": _USER_READERS,
    "list_users": _DOMAIN_READERS,
    **{f"{verb}_user": _DOMAIN_MANAGERS for verb in _WRITES},
    "list_groups": _DOMAIN_READERS,
    "list_groups_for_user": _USER_READERS,
    "get_domain": _Rule((_admin, _system_reader, _in_domain)),
    "list_domains": _DOMAIN_READERS,
    **{f"{verb}_domain": _ADMIN_NOT_FOR_DOMAINS for verb in _WRITES},
    "get_role": _Rule((_admin, _system_reader, _manager_of_assignable_role)),
    "list_roles": _Rule((_admin, _system_reader, _manager_of_any_domain)),
    **{f"{verb}_role": _ADMIN_NOT_FOR_DOMAINS for verb in _WRITES},
    "get_domain_role": _READERS,
    "list_domain_roles": _READERS,
    **{f"{verb}_domain_role": _ADMIN_NOT_FOR_DOMAINS for verb in _WRITES},
    "get_implied_role": _READERS,
    "list_implied_roles": _READERS,
    "check_implied_role": _READERS,
    "list_role_inference_rules": _READERS,
    "create_implied_role": _ADMIN_NOT_FOR_DOMAINS,
    "delete_implied_role": _ADMIN_NOT_FOR_DOMAINS,
    "check_grant": _Rule((_admin, _system_reader, _grant_checker)),
    "list_grants": _Rule((_admin, _system_reader, _grant_reader)),
    "create_grant": _Rule((_admin, _grant_manager)),
    "revoke_grant": _Rule((_admin, _grant_manager)),
    "list_system_grants_for_user": _READERS,
    "check_system_grant_for_user": _READERS,
    "create_system_grant_for_user": _ADMIN_NOT_FOR_DOMAINS,
    "revoke_system_grant_for_user": _ADMIN_NOT_FOR_DOMAINS,
    "list_role_assignments": _DOMAIN_READERS,
    "list_role_assignments_for_tree": _DOMAIN_READERS,
    "get_access_rule": _RULE_READERS,
    "list_access_rules": _RULE_READERS,
    "delete_access_rule": _Rule((_system_admin, _owner), _NOT_DOMAIN),
    "get_region": _EVERYBODY,
    "list_regions": _EVERYBODY,
    **{
        f"{verb}_{kind}": _ADMIN_NOT_FOR_DOMAINS
        for verb in _WRITES
        for kind in ("region", "service", "endpoint")
    },
    **dict.fromkeys(("get_service", "list_services", "get_endpoint", "list_endpoints"), _READERS),
    "get_application_credential": _CREDENTIAL_READERS,
    "list_application_credentials": _CREDENTIAL_READERS,
    "create_application_credential": _Rule((_owner,), ("project",)),
    "delete_application_credential": _Rule((_admin, _owner), _NOT_DOMAIN),
    "check_token": _Rule((_admin, _system_reader, _owner)),
    "validate_token": _Rule((_admin, _system_reader, _service, _owner)),
    "revoke_token": _Rule((_admin, _owner)),
}
