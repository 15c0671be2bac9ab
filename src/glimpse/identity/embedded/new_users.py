"""Adds a user with roles in a project, by names: what `glimpse user add` writes."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Project, User
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import add_entry
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.users import check_user_name


class NewUser(NamedTuple):
    """A user to add. Either `password`, which stays readable, or `password_hash` is set.

    `roles` are names of roles that belong to no domain. Without a `project` name, the user gets
    them in the project of the user's own name, as the users of a first start have one.
    """

    name: str
    roles: Sequence[str]
    password: str | None = None
    password_hash: str | None = None
    project: str | None = None
    domain_id: str = DOMAIN_ID


class AddedUser(NamedTuple):
    """The user that was added, and the project of its roles, which may be new."""

    user: User
    project: Project
    is_new_project: bool


def add_user(identity_file: IdentityFile, new: NewUser) -> AddedUser:
    """Add a user with its roles in one change of the file, which is on disk on return.

    The user's own project is added if it does not exist. The values must be valid by
    `schemas.USER`. Raises Conflict if the domain has a user of that name, NotFound for an unknown
    project or role, Forbidden if the file has too many entries, and IdentityUnavailable if it is
    invalid or cannot be written. Then nothing changes.
    """
    results: list[AddedUser] = []

    def add(document: Document, directory: Directory) -> None:
        user = User(
            uuid.uuid4().hex,
            new.name.strip(),
            password=new.password,
            password_hash=new.password_hash,
            domain_id=new.domain_id,
        )
        check_user_name(user, directory)
        role_ids = tuple(_role_id(name, directory) for name in new.roles)
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
    """Return the id of the role `name`. Raises NotFound, with the names that there are."""
    role = directory.role(name)
    if role is None:
        known = ", ".join(each.name for each in directory.roles.values() if each.domain_id is None)
        raise NotFound(f"There is no role {name}; there are: {known}.")
    return role.id
