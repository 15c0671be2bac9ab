"""Replaces names in references in ``identity.json`` by ids, before something is renamed.

These functions are for changes by `IdentityFile.change`, and change `document` in place.
"""

from collections.abc import Iterable
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Domain, Project, Role, User
from glimpse.identity.embedded.identity_document_sections import Document, section_of, value_of

# The values of entries that may have names of roles.
_ROLE_REFERENCES = ("roles", "domain_roles", "system_roles", "prior_role", "implied_role")


def refer_to_role_by_id(document: Document, role: Role) -> None:
    """Replace the name of `role` by its id in all references to this role, in place.

    Changes the users, application credentials and implied roles in `document`. `role` must not
    belong to a domain. Call this before the role gets another name.
    """
    for section in ("users", "application_credentials", "implied_roles"):
        for entry in section_of(document, section):
            for name in _ROLE_REFERENCES if isinstance(entry, dict) else ():
                value = entry.get(name)
                if isinstance(value, dict):
                    entry[name] = {key: _with_id(each, role) for key, each in value.items()}
                elif name in entry:
                    entry[name] = _with_id(value, role)


def refer_by_id(document: Document, directory: Directory, named: Domain | Project | User) -> None:
    """Replace the name of `named` by its id in all references to `named`, in place.

    Role assignments, application credentials and access rules have references. `directory` is the
    Directory of `document`, and `named` is an object of `directory`. Call this function before
    `named` gets another name. Otherwise references by the old name would find nothing, or another
    object that gets the old name later.
    """

    def id_of(reference: Any, domain_id: str = DOMAIN_ID) -> Any:
        return named.id if _is_named_by(reference, domain_id, named, directory) else reference

    if not isinstance(named, User):
        name = "roles" if isinstance(named, Project) else "domain_roles"
        for user in section_of(document, "users"):
            assigned, domain_id = value_of(user, name), value_of(user, "domain_id") or DOMAIN_ID
            if isinstance(assigned, dict) and isinstance(domain_id, str):
                user[name] = _joined((id_of(key, domain_id), assigned[key]) for key in assigned)
    if not isinstance(named, Domain):
        name = "project" if isinstance(named, Project) else "user"
        for section in ("application_credentials", "access_rules"):
            for entry in section_of(document, section):
                if value_of(entry, name) is not None:
                    entry[name] = id_of(entry[name])


def _is_named_by(
    reference: Any, domain_id: str, named: Domain | Project | User, directory: Directory
) -> bool:
    """Return True if `reference` is the id or name of `named`, an object of `directory`.

    The name of a project is looked up in the domain `domain_id`, the name of a user in the domain
    Default. Returns False if `reference` is not a string.
    """
    if not isinstance(reference, str):
        return False
    found: Domain | Project | User | None
    if isinstance(named, Domain):
        found = directory.domains.get(reference) or directory.domain(name=reference)
    elif isinstance(named, Project):
        found = directory.projects.get(reference) or directory.project(
            name=reference, domain_id=domain_id
        )
    else:
        found = directory.users.get(reference) or directory.user(name=reference)
    return found is named


def _joined(assigned: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return `assigned` as a dict from projects or domains to lists of roles.

    If a project or domain occurs twice in `assigned`, its two lists are joined. If one of the two
    values is not a list, the later value is used.
    """
    found: dict[str, Any] = {}
    for place, roles in assigned:
        if isinstance(found.get(place), list) and isinstance(roles, list):
            found[place] = [*found[place], *roles]
        else:
            found[place] = roles
    return found


def _with_id(reference: Any, role: Role) -> Any:
    """Return `reference`, a text or list of texts, with the name of `role` replaced by its id.

    A value that is not the name of `role` is returned unchanged.
    """
    if isinstance(reference, list):
        return [role.id if each == role.name else each for each in reference]
    return role.id if reference == role.name else reference
