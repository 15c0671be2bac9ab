"""RoleAssignments: assigns roles to users, and removes assignments, in the identity file."""

import asyncio

from glimpse.identity.embedded.assignment_edits import (
    add_assignment,
    check_assignment_count,
    remove_assignments,
)
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.errors import BadRequest, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import check_size
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.roles import find_role


class RoleAssignments:
    """Assigns roles to users, and removes assignments, in the identity file.

    Check before the call that the caller may make the change. If the task of a method is cancelled,
    the change may still be made.
    """

    def __init__(self, identity_file: IdentityFile) -> None:
        self._file = identity_file

    async def assign(self, assignment: Assignment) -> None:
        """Assign a role to a user; do nothing if the role is assigned already.

        On return, the change is on disk. If the assignment is added, invalid assignments of the
        user are dropped.

        Raises NotFound if the user, role, project or domain does not exist. Raises Forbidden if a
        role of a domain would be assigned in a project of another domain, if there are too many
        assignments, or if the identity file would be too large. Raises BadRequest if a role of a
        domain would be assigned on the system. Raises IdentityFileUnavailable if the identity file
        is invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """

        def add(document: Document, directory: Directory) -> None:
            _check_can_assign(assignment, directory)
            add_assignment(document, directory, assignment)
            check_size(document)

        if not is_assigned(assignment, self._file.current):
            await asyncio.to_thread(self._file.change, add)

    async def unassign(self, assignment: Assignment) -> None:
        """Remove an assignment. On return, the change is on disk.

        If the user has no other effective role in the project or domain, or on the system, the
        user's tokens for that scope become invalid. Invalid assignments of the user are dropped.

        Raises NotFound if there is no such assignment. Raises IdentityFileUnavailable if the
        identity file is invalid or cannot be written, and ChangeNotSynced if a crash may undo the
        change.
        """

        def remove(document: Document, directory: Directory) -> None:
            check_assigned(assignment, directory)
            remove_assignments(document, directory, lambda each: each == assignment)

        await asyncio.to_thread(self._file.change, remove)


def is_assigned(assignment: Assignment, directory: Directory) -> bool:
    """Return True if `directory` has the assignment. Implied roles do not count."""
    user = directory.users.get(assignment.user_id)
    return user is not None and assignment in user.assignments


def check_assigned(assignment: Assignment, directory: Directory) -> None:
    """Raise NotFound if `directory` does not have the assignment."""
    if not is_assigned(assignment, directory):
        place = assignment.project_id or assignment.domain_id or "system"
        raise NotFound(
            f"Could not find role assignment with role: {assignment.role_id}, user or group: "
            f"{assignment.user_id}, project, domain, or system: {place}."
        )


def _check_can_assign(assignment: Assignment, directory: Directory) -> None:
    """Check that `assignment` can be added to `directory`.

    Raises NotFound if the user, role, project or domain does not exist. Raises Forbidden if there
    are too many assignments. A role of a domain can be assigned in projects of that domain, and in
    any domain. Otherwise raises Forbidden for a project, and BadRequest for the system.
    """
    role = find_role(assignment.role_id, directory)
    if assignment.user_id not in directory.users:
        raise NotFound(f"Could not find user: {assignment.user_id}.")
    if assignment.domain_id is not None and assignment.domain_id not in directory.domains:
        raise NotFound(f"Could not find domain: {assignment.domain_id}.")
    if assignment.project_id is not None:
        project = directory.projects.get(assignment.project_id)
        if project is None:
            raise NotFound(f"Could not find project: {assignment.project_id}.")
        if role.domain_id not in (None, project.domain_id):
            raise Forbidden(
                f"Project {project.id} must be in the same domain as the role {role.id} being "
                "assigned."
            )
    elif assignment.domain_id is None and role.domain_id is not None:
        raise BadRequest(f"The role {role.id} is of a domain: it cannot be assigned on the system.")
    check_assignment_count(directory, 1)
