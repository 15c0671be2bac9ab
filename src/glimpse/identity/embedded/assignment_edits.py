"""Counts, adds and removes role assignments in the document of ``identity.json``.

These functions are for changes by `IdentityFile.change`, and change `document` in place.
`directory` must be the Directory of the present `document`. Before another call, make a new
Directory of the changed document. If an assignment of a user changes, all assignments of that user
are written again, with the ids of projects and domains. Invalid assignments of that user, such as
in an unknown project, are dropped.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment, User
from glimpse.identity.embedded.errors import Forbidden
from glimpse.identity.embedded.identity_document_sections import Document, find_entry
from glimpse.identity.embedded.identity_entry_rendering import user_entry

_ASSIGNMENTS = ("roles", "domain_roles", "system_roles")


def check_assignment_count(directory: Directory, added: int) -> None:
    """Raise Forbidden if `added` more assignments would exceed `limits.MAX_ASSIGNMENTS`.

    Counts the assignments of all users in `directory`. Call this before assignments are added to
    the document of `directory`.
    """
    present = sum(len(user.assignments) for user in directory.users.values())
    if present + added > limits.MAX_ASSIGNMENTS:
        raise Forbidden(f"There can be at most {limits.MAX_ASSIGNMENTS} role assignments.")


def add_assignment(document: Document, directory: Directory, assignment: Assignment) -> None:
    """Assign a role to a user in `document`, in place; do nothing if it is assigned already.

    `directory` is the Directory of `document`. Before the call, check that the role exists, that
    the project or domain exists, and the number of assignments (`check_assignment_count`). A role
    that does not exist is not assigned, and no error is raised. A change of `document` also drops
    the invalid assignments of that user.

    Raises KeyError if `directory` does not have the user.
    """
    user = directory.users[assignment.user_id]
    if assignment not in user.assignments:
        _write_assignments(document, directory, user, [*user.assignments, assignment])


def remove_assignments(
    document: Document, directory: Directory, is_removed: Callable[[Assignment], bool]
) -> None:
    """Remove the assignments for which `is_removed` returns True from all users in `document`.

    Changes `document` in place. `directory` is the Directory of `document`. If a user loses an
    assignment, the invalid assignments of that user are dropped, too.
    """
    for user in directory.users.values():
        kept = [each for each in user.assignments if not is_removed(each)]
        if len(kept) < len(user.assignments):
            _write_assignments(document, directory, user, kept)


def _write_assignments(
    document: Document, directory: Directory, user: User, assignments: Iterable[Assignment]
) -> None:
    """Replace all assignments of `user` in `document` by `assignments`, in place.

    `directory` is the Directory of `document`. Assignments of roles that `directory` does not have
    are left out. Does nothing if the document has no entry of the user.
    """
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
