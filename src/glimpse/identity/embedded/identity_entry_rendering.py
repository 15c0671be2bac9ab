"""Renders objects of the directory, such as users, as entries of ``identity.json``."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from glimpse.identity.embedded.directory_entries import (
    ApplicationCredential,
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
    UserAccessRule,
)
from glimpse.identity.embedded.standard_roles import role_id_of


def role_reference(role: Role) -> str:
    """Return the name or id by which the document refers to `role`.

    Returns the name if the id of the role is the hash of the name (see `role_id_of`): this is so
    for standard roles and for roles without an entry. Returns the id for all other roles.
    """
    return role.name if role.id == role_id_of(role.name) else role.id


def user_entry(user: User, roles: Mapping[str, Role]) -> dict[str, Any]:
    """Return `user` as an entry of ``users``, without attributes that have default values.

    `roles` has all roles by id. Assignments of roles that `roles` does not have are left out.
    """

    def references(assigned: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
        return {place: _references(ids, roles) for place, ids in assigned.items()}

    entry = _entry(user)
    for name in ("roles", "domain_roles"):
        if name in entry:
            entry[name] = references(entry[name])
    if "system_roles" in entry:
        entry["system_roles"] = _references(user.system_roles, roles)
    return entry


def entry_of(value: Domain | Project | Role | Region | Service | Endpoint) -> dict[str, Any]:
    """Return the entry of `value` in the document, without attributes with default values."""
    return _entry(value)


def credential_entry(
    credential: ApplicationCredential, roles: Mapping[str, Role]
) -> dict[str, Any]:
    """Return `credential` as an entry of ``application_credentials``.

    `roles` has all roles by id. Roles of `credential` that `roles` does not have are left out.
    ``access_rules`` is left out if the credential has none. All other attributes are written, also
    null ones.
    """
    rules = [rule.id for rule in credential.access_rules]
    return {
        "id": credential.id,
        "name": credential.name,
        "user": credential.user_id,
        "project": credential.project_id,
        "roles": _references(credential.roles, roles),
        "secret_hash": credential.secret_hash,
        "description": credential.description,
        "expires_at": credential.expires_at,
        "unrestricted": credential.unrestricted,
        **({"access_rules": rules} if rules else {}),
    }


def access_rule_entry(rule: UserAccessRule) -> dict[str, str]:
    """Return an access rule as an entry of ``access_rules``."""
    return {"id": rule.id, "user": rule.user_id, **rule.rule._asdict()}


def _entry(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as a dict. Tuples become lists.

    Fields that have their default values are left out.
    """
    entry: dict[str, Any] = {}
    for each in fields(value):
        found = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if found != default:
            entry[each.name] = list(found) if isinstance(found, tuple) else found
    return entry


def _references(ids: Iterable[str], roles: Mapping[str, Role]) -> list[str]:
    return [role_reference(roles[each]) for each in ids if each in roles]
