"""Changes of the document in ``identity.json``, for `IdentityFile.change`: pure functions.

Each changes the document in place. `directory` is the Directory of the document before the change:
after a function that takes it, make a new one for the next. Invalid entries stay as they are, for
the operator to repair; but invalid assignments of a user are dropped when another one changes.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    ApplicationCredential,
    Assignment,
    Project,
    Role,
    User,
)
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_rendering import user_entry
from glimpse.identity.embedded.role_references import RoleReferences

Document = dict[str, Any]
Entry = dict[str, Any]
_ASSIGNMENTS = ("roles", "domain_roles", "system_roles")


def section_of(document: Document, section: str) -> list[Any]:
    """Return the list of a section, such as ``users``; add an empty one if there is none."""
    if not isinstance(document.get(section), list):
        document[section] = []
    found: list[Any] = document[section]
    return found


def find_entry(document: Document, section: str, entry_id: str) -> Entry | None:
    """Return the entry of a section with this id, or None. Of several, the last one counts."""
    entries = reversed(section_of(document, section))
    return next((each for each in entries if value_of(each, "id") == entry_id), None)


def remove_entries(document: Document, section: str, ids: Collection[str]) -> None:
    """Remove the entries of a section that have one of `ids`."""
    entries = section_of(document, section)
    document[section] = [each for each in entries if value_of(each, "id") not in ids]


def add_assignment(document: Document, directory: Directory, assignment: Assignment) -> None:
    """Assign a role to a user. Does nothing if it is assigned already.

    Raises KeyError if the user does not exist.
    """
    user = directory.users[assignment.user_id]
    if assignment not in user.assignments:
        _write_assignments(document, directory, user, [*user.assignments, assignment])


def remove_assignments(
    document: Document, directory: Directory, is_removed: Callable[[Assignment], bool]
) -> None:
    """Remove the assignments for which `is_removed` returns True, of all users."""
    for user in directory.users.values():
        kept = [each for each in user.assignments if not is_removed(each)]
        if len(kept) < len(user.assignments):
            _write_assignments(document, directory, user, kept)


def remove_users(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove users with their assignments, application credentials and access rules."""
    remove_credentials(document, directory, lambda each: each.user_id in ids)
    rules = {each.id for each in directory.access_rules.values() if each.user_id in ids}
    remove_entries(document, "access_rules", rules)
    remove_entries(document, "users", ids)


def remove_projects(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove projects with the assignments and application credentials in them.

    Users who have one of them as their default project have none afterwards.
    """
    remove_credentials(document, directory, lambda each: each.project_id in ids)
    remove_assignments(document, directory, lambda each: each.project_id in ids)
    for user in section_of(document, "users"):
        if value_of(user, "default_project_id") in ids:
            del user["default_project_id"]
    remove_entries(document, "projects", ids)


def remove_roles(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove roles with their assignments, implications and the credentials that have them."""
    remove_credentials(document, directory, lambda each: not set(ids).isdisjoint(each.roles))
    remove_assignments(document, directory, lambda each: each.role_id in ids)
    remove_implications(document, directory, lambda prior, implied: bool({prior, implied} & {*ids}))
    remove_entries(document, "roles", ids)


def remove_domain(document: Document, directory: Directory, domain_id: str) -> None:
    """Remove a domain with its users, projects and roles, and all that belongs to these."""
    remove_projects(document, directory, _ids_in(domain_id, directory.projects.values()))
    # The assignments have changed, and may change again.
    remove_roles(document, parse_directory(document), _ids_in(domain_id, directory.roles.values()))
    directory = parse_directory(document)
    remove_assignments(document, directory, lambda each: each.domain_id == domain_id)
    remove_users(document, directory, _ids_in(domain_id, directory.users.values()))
    remove_entries(document, "domains", (domain_id,))


def remove_credentials(
    document: Document, directory: Directory, is_removed: Callable[[ApplicationCredential], bool]
) -> None:
    """Remove the application credentials for which `is_removed` returns True."""
    ids = {each.id for each in directory.credentials.values() if is_removed(each)}
    remove_entries(document, "application_credentials", ids)


def remove_implications(
    document: Document, directory: Directory, is_removed: Callable[[str, str], bool]
) -> None:
    """Remove the entries of ``implied_roles`` for which `is_removed` returns True.

    It takes the ids of the prior and of the implied role. The implications of the standard roles
    are no entries, and stay.
    """
    roles = RoleReferences(directory.roles.values(), {})
    kept = []
    for entry in section_of(document, "implied_roles"):
        references = value_of(entry, "prior_role"), value_of(entry, "implied_role")
        is_valid = all(isinstance(each, str) for each in references)
        if not is_valid or not is_removed(*(roles.find(each) or each for each in references)):
            kept.append(entry)
    document["implied_roles"] = kept


def _write_assignments(
    document: Document, directory: Directory, user: User, assignments: Iterable[Assignment]
) -> None:
    """Replace the assignments of a user in the document. All are written with ids of projects."""
    roles: dict[str, tuple[str, ...]] = {}
    domain_roles: dict[str, tuple[str, ...]] = {}
    system_roles: tuple[str, ...] = ()
    for each in assignments:
        if each.project_id is not None:
            roles[each.project_id] = (*roles.get(each.project_id, ()), each.role_id)
        elif each.domain_id is not None:
            domain_roles[each.domain_id] = (*domain_roles.get(each.domain_id, ()), each.role_id)
        else:
            system_roles = (*system_roles, each.role_id)
    changed = replace(user, roles=roles, domain_roles=domain_roles, system_roles=system_roles)
    written = user_entry(changed, directory.roles)
    entry = find_entry(document, "users", user.id)
    if entry is None:
        return
    for name in _ASSIGNMENTS:
        entry.pop(name, None)
        if name in written:
            entry[name] = written[name]


def _ids_in(domain_id: str, entries: Iterable[User | Project | Role]) -> set[str]:
    """Return the ids of those of `entries` that are in the domain."""
    return {each.id for each in entries if each.domain_id == domain_id}


def value_of(entry: object, name: str) -> Any:
    """Return the value `name` of an entry; None if the entry is no object, or has none."""
    return entry.get(name) if isinstance(entry, dict) else None
