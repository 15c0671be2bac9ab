"""Removes users, projects, roles and domains, and what belongs to them, from the document.

These functions are for changes by `IdentityFile.change`, and change `document` in place.
`directory` must be the Directory of the present `document`. Before another call, make a new
Directory of the changed document. Invalid entries are kept, for the operator to repair. But if a
user loses a role assignment, the invalid assignments of that user are dropped.
"""

from collections.abc import Callable, Collection, Iterable

from glimpse.identity.embedded.assignment_edits import remove_assignments
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    ApplicationCredential,
    Project,
    Role,
    User,
)
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_document_sections import (
    Document,
    has_value,
    remove_entries,
    section_of,
    value_of,
)
from glimpse.identity.embedded.role_references import RoleReferences


def remove_users(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove the users with the ids `ids` from `document`, in place.

    The role assignments, application credentials and access rules of the users are removed, too.
    Unknown ids are ignored. `directory` is the Directory of `document`.
    """
    remove_credentials(document, directory, lambda each: each.user_id in ids)
    rules = {each.id for each in directory.access_rules.values() if each.user_id in ids}
    remove_entries(document, "access_rules", rules)
    remove_entries(document, "users", ids)


def remove_projects(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove the projects with the ids `ids` from `document`, in place.

    Projects below a removed project are kept. The role assignments and application credentials in
    the removed projects are removed, too. A user whose default project is removed has no default
    project afterwards. Unknown ids are ignored. `directory` is the Directory of `document`.
    """
    remove_credentials(document, directory, lambda each: each.project_id in ids)
    remove_assignments(document, directory, lambda each: each.project_id in ids)
    for user in section_of(document, "users"):
        if has_value(user, "default_project_id", ids):
            del user["default_project_id"]
    remove_entries(document, "projects", ids)


def remove_roles(document: Document, directory: Directory, ids: Collection[str]) -> None:
    """Remove the roles with the ids `ids` from `document`, in place.

    Everything that refers to one of the roles is removed, too: assignments, implications, and
    application credentials that have one of the roles. Unknown ids are ignored. `directory` is the
    Directory of `document`.
    """
    remove_credentials(document, directory, lambda each: not set(ids).isdisjoint(each.roles))
    remove_assignments(document, directory, lambda each: each.role_id in ids)
    remove_implications(document, directory, lambda prior, implied: bool({prior, implied} & {*ids}))
    remove_entries(document, "roles", ids)


def remove_domain(document: Document, directory: Directory, domain_id: str) -> None:
    """Remove the domain with the id `domain_id` from `document`, in place.

    The users, projects and roles of the domain are removed, too. So are their role assignments,
    application credentials, access rules and implications, and all role assignments in the domain
    itself. A user of another domain loses a default project that is removed. An unknown id is
    ignored. `directory` is the Directory of `document`.
    """
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
    """Remove the application credentials for which `is_removed` returns True.

    Changes `document` in place; `directory` is the Directory of `document`. The access rules of the
    credentials are kept.
    """
    ids = {each.id for each in directory.application_credentials.values() if is_removed(each)}
    remove_entries(document, "application_credentials", ids)


def remove_implications(
    document: Document, directory: Directory, is_removed: Callable[[str, str], bool]
) -> None:
    """Remove the entries of ``implied_roles`` for which `is_removed` returns True.

    Changes `document` in place; `directory` is the Directory of `document`. `is_removed` takes the
    id of the prior role and the id of the implied role. If an entry names a role that does not
    exist, `is_removed` gets the name as it is. Invalid entries stay. Implications between standard
    roles stay, too, since they need no entries.
    """
    roles = RoleReferences(directory.roles.values(), {})
    kept = []
    for entry in section_of(document, "implied_roles"):
        references = value_of(entry, "prior_role"), value_of(entry, "implied_role")
        is_valid = all(isinstance(each, str) for each in references)
        if not is_valid or not is_removed(*(roles.find(each) or each for each in references)):
            kept.append(entry)
    document["implied_roles"] = kept


def _ids_in(domain_id: str, entries: Iterable[User | Project | Role]) -> set[str]:
    """Return the ids of the `entries` that are in the domain `domain_id`."""
    return {each.id for each in entries if each.domain_id == domain_id}
