"""Adds a user with roles in a project, given by names: the work of `glimpse user add`."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from glimpse.identity.embedded.assignment_edits import check_assignment_count
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Project, User
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import add_entry
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.users import check_user_name


class NewUser(NamedTuple):
    """A user to add. Set either ``password``, which stays readable, or ``password_hash``.

    ``domain_id`` is the id of the domain of the user and of the project. ``roles`` has names of
    roles that belong to no domain. The user gets these roles in the project with the name
    ``project``. If ``project`` is None, the user gets the roles in the project that has the user's
    own name.
    """

    name: str
    roles: Sequence[str]
    password: str | None = None
    password_hash: str | None = None
    project: str | None = None
    domain_id: str = DOMAIN_ID


class AddedUser(NamedTuple):
    """The user that was added, and the project in which the user has roles.

    ``is_new_project`` is True if this project was added, too.
    """

    user: User
    project: Project
    is_new_project: bool


def add_user(identity_file: IdentityFile, new: NewUser) -> AddedUser:
    """Add a user with roles in a project, in one change of the file. Blocks the thread.

    If ``new.project`` is None, and the domain has no project with the user's name, adds that
    project. Spaces around the user's name are removed. Check the values with `schemas.USER` before
    the call. On return, the change is on disk.

    Raises Conflict if the domain has a user of that name, ignoring case. Raises NotFound for an
    unknown domain, project or role. Raises Forbidden if the file would have too many users,
    projects or role assignments, or would be too large. Raises IdentityFileUnavailable if the file
    is invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
    """
    results: list[AddedUser] = []

    def add(document: Document, directory: Directory) -> None:
        if new.domain_id not in directory.domains:
            raise NotFound(f"There is no domain with the id {new.domain_id}.")
        user = User(
            uuid.uuid4().hex,
            new.name.strip(),
            password=new.password,
            password_hash=new.password_hash,
            domain_id=new.domain_id,
        )
        check_user_name(user, directory)
        role_ids = tuple(dict.fromkeys(_role_id(name, directory) for name in new.roles))
        check_assignment_count(directory, len(role_ids))
        project = directory.project(name=new.project or user.name, domain_id=new.domain_id)
        is_new_project = project is None and new.project is None
        if is_new_project:
            own = Project(uuid.uuid4().hex, user.name, domain_id=new.domain_id)
            project = add_entry(document, directory, "projects", own)
        if project is None:
            raise NotFound(f"There is no project {new.project}: `glimpse project add` adds one.")
        user = replace(user, roles={project.id: role_ids})
        add_entry(document, directory, "users", user)
        results.append(AddedUser(user, project, is_new_project))

    identity_file.change(add)
    return results[0]


def _role_id(name: str, directory: Directory) -> str:
    """Return the id of the role `name` that belongs to no domain.

    Raises NotFound if there is no such role. The message lists the names of all such roles.
    """
    role = directory.role(name)
    if role is None:
        known = ", ".join(each.name for each in directory.roles.values() if each.domain_id is None)
        raise NotFound(f"There is no role {name}; there are: {known}.")
    return role.id
