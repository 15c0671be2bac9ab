"""Edits references in ``identity.json`` by name: they become references by id.

For changes by `IdentityFile.change` of the name of a domain, project, user or role.
"""

from collections.abc import Iterable
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Domain, Project, Role, User
from glimpse.identity.embedded.identity_document_sections import Document, section_of, value_of

# The values of entries that may have names of roles.
_ROLE_REFERENCES = ("roles", "domain_roles", "system_roles", "prior_role", "implied_role")


def refer_to_role_by_id(document: Document, role: Role) -> None:
    """Replace the name of a role, which is in no domain, by its id in all references to it.

    Call this before the role gets another name.
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
    """Replace the name of a domain, project or user by its id in all references to it.

    Call this before `named` gets another name: otherwise its assignments and credentials would be
    lost, or belong to the next domain, project or user with the old name.
    """

    def id_of(reference: Any, domain_id: str = DOMAIN_ID) -> Any:
        return named.id if _is_named_by(reference, domain_id, named, directory) else reference

    if not isinstance(named, User):
        name = "roles" if isinstance(named, Project) else "domain_roles"
        for user in section_of(document, "users"):
            assigned = value_of(user, name)
            if isinstance(assigned, dict):
                domain_id = value_of(user, "domain_id") or DOMAIN_ID
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
    """Return True if `reference` is the id or name of `named`; projects are named in a domain."""
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
    """Return roles by project or domain; join the lists of roles in the same one."""
    found: dict[str, Any] = {}
    for place, roles in assigned:
        if isinstance(found.get(place), list) and isinstance(roles, list):
            found[place] = [*found[place], *roles]
        else:
            found[place] = roles
    return found


def _with_id(reference: Any, role: Role) -> Any:
    """Return a reference, or a list of them, with the name of `role` replaced by its id."""
    if isinstance(reference, list):
        return [role.id if each == role.name else each for each in reference]
    return role.id if reference == role.name else reference
