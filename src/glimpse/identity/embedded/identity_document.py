"""The JSON document in ``identity.json``: how it is made, completed, parsed and encoded.

Operators and tests may write the file before the first start, or edit it while the service runs.
`parse_directory` describes the document.
"""

import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from glimpse.identity.embedded.directory import (
    ApplicationCredential,
    Directory,
    Project,
    User,
)
from glimpse.identity.embedded.identity_entry_validation import valid_entries
from glimpse.identity.embedded.password_hashes import hash_password
from glimpse.identity.embedded.private_files import InvalidStateFile

# The roles that a role implies, as Keystone's bootstrap sets them up.
_IMPLIED = {
    "admin": ("member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}
_STANDARD = {"admin": ("admin", "member", "reader"), "demo": ("member", "reader")}


def standard_document() -> dict[str, Any]:
    """Return the document with which a new state directory starts.

    It has the users admin, demo and alt, and a project of the same name for each of them, in which
    admin has the role admin, the others member. `complete_document` adds ids and passwords.
    """
    names = ("admin", "demo", "alt")
    return {
        "projects": [{"name": name} for name in names],
        "users": [
            {"name": name, "roles": {name: list(_STANDARD.get(name, _STANDARD["demo"]))}}
            for name in names
        ],
        "application_credentials": [],
    }


def complete_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `document` with missing ids and passwords added, and secrets hashed.

    Each entry without an id gets one. A user with neither ``password`` nor ``password_hash`` gets a
    random ``password``, which is not hashed; one with both loses ``password_hash``, which may be
    that of an older password. A value of null counts as missing. The ``secret`` of an application
    credential is replaced by ``secret_hash``, which takes 0.23 s of CPU time. A missing section
    becomes an empty list. Entries without a name stay as they are, for `parse_directory` to report.
    Raises InvalidStateFile for a section that is not a list.
    """
    result = {**document}
    for section in ("projects", "users", "application_credentials"):
        entries = document.get(section) or []
        if not isinstance(entries, list):
            raise InvalidStateFile(f"{section}: has to be a list of objects with a name")
        result[section] = [_with_id(entry) if _is_named(entry) else entry for entry in entries]
    for user in filter(_is_named, result["users"]):
        if user.get("password") is not None:
            user.pop("password_hash", None)
        elif not user.get("password_hash"):
            user["password"] = secrets.token_urlsafe(18)
    for credential in filter(_is_named, result["application_credentials"]):
        if credential.get("secret") is not None:
            credential["secret_hash"] = hash_password(str(credential.pop("secret")))
    return result


def _with_id(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `entry`, with a new id if it has none."""
    return {**entry, "id": uuid.uuid4().hex} if entry.get("id") is None else {**entry}


def _is_named(entry: object) -> bool:
    """Return True if `entry` is an object with a string ``name``."""
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def parse_directory(document: Mapping[str, Any]) -> Directory:
    """Make a Directory of a result of `complete_document`, which has three lists of objects.

    - ``projects``: id, name, enabled.
    - ``users``: id, name, password or password_hash, enabled, roles. The roles are an object from
      a project's id or name to a list of role names. As in Keystone, the roles admin and
      manager imply member, and member implies reader.
    - ``application_credentials``: id, name, user and project (id or name), roles, secret_hash,
      description, expires_at (a POSIX time), unrestricted.

    Optional are enabled (default: true), roles, description, expires_at (default: never) and
    unrestricted (default: false). A credential without roles has those of its user in the project.

    Invalid entries are left out, and so are a user's roles in an unknown project;
    ``Directory.invalid_entries`` has the reasons. Raises InvalidStateFile if a list is missing.
    """
    invalid_entries: dict[str, str] = {}
    try:
        projects = [
            Project(p["id"], p["name"], p.get("enabled", True))
            for p in valid_entries("project", document["projects"], invalid_entries)
        ]
        directory = Directory(projects=projects)
        user_entries = valid_entries("user", document["users"], invalid_entries)
        users = [_user(entry, directory, invalid_entries) for entry in user_entries]
        directory = Directory(users, projects)
        entries = document["application_credentials"]
        credentials = list(_credentials(entries, directory, invalid_entries))
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidStateFile(f"missing or of the wrong type: {error}") from error
    return Directory(users, projects, credentials, invalid_entries)


def _credentials(
    entries: Iterable[Mapping[str, Any]], directory: Directory, invalid_entries: dict[str, str]
) -> Iterator[ApplicationCredential]:
    """Yield the credentials of `entries`; add those that are invalid to `invalid_entries`.

    Invalid is also one whose user or project is not in `directory`.
    """
    for entry in valid_entries("application credential", entries, invalid_entries):
        try:
            yield _credential(entry, directory)
        except InvalidStateFile as error:  # for example, its user was removed from the file
            invalid_entries[str(entry["id"])] = str(error)


def _user(entry: Mapping[str, Any], directory: Directory, invalid_entries: dict[str, str]) -> User:
    """Make the User of a valid entry, with the roles that its roles imply.

    A readable password takes the place of a hash. Roles in a project that `directory` does not
    have are left out, and added to `invalid_entries` with the reason.
    """
    roles: dict[str, tuple[str, ...]] = {}
    for project, names in entry.get("roles", {}).items():
        try:
            roles[_project_id(project, directory)] = _with_implied(names)
        except InvalidStateFile as error:  # the project was removed from the file, or is invalid
            invalid_entries[f"{entry['id']}: roles in {project}"] = str(error)
    password, password_hash = entry.get("password"), entry.get("password_hash")
    return User(
        id=entry["id"],
        name=entry["name"],
        password=password,
        password_hash=password_hash if password is None else None,
        enabled=entry.get("enabled", True),
        roles=roles,
    )


def _with_implied(names: Iterable[str]) -> tuple[str, ...]:
    """Return the roles `names` and those that they imply: tokens have both, as in Keystone."""
    named = tuple(names)
    implied = (each for name in named for each in _IMPLIED.get(name, ()))
    return tuple(dict.fromkeys((*named, *implied)))


def _credential(entry: Mapping[str, Any], directory: Directory) -> ApplicationCredential:
    """Make the ApplicationCredential of a valid entry.

    Without roles in the entry, it has those that its user has in the project. Raises
    InvalidStateFile if the user or the project is unknown.
    """
    project_id = _project_id(entry["project"], directory)
    user = directory.user(user_id=entry["user"]) or directory.user(name=entry["user"])
    if user is None:
        raise InvalidStateFile(f"application_credentials: nobody is called {entry['user']}")
    return ApplicationCredential(
        id=entry["id"],
        name=entry["name"],
        user_id=user.id,
        project_id=project_id,
        roles=tuple(entry.get("roles") or user.roles.get(project_id, ())),
        secret_hash=entry["secret_hash"],
        description=entry.get("description"),
        expires_at=entry.get("expires_at"),
        unrestricted=entry.get("unrestricted", False),
    )


def _project_id(reference: str, directory: Directory) -> str:
    """Return the id of the project with this id or name.

    Raises InvalidStateFile if `directory` has no such project.
    """
    project = directory.project(project_id=reference) or directory.project(name=reference)
    if project is None:
        raise InvalidStateFile(f"no project has the id or name {reference}")
    return project.id


def credential_entry(credential: ApplicationCredential) -> dict[str, Any]:
    """Return `credential` as an entry of ``application_credentials`` in the document."""
    return {
        "id": credential.id,
        "name": credential.name,
        "user": credential.user_id,
        "project": credential.project_id,
        "roles": list(credential.roles),
        "secret_hash": credential.secret_hash,
        "description": credential.description,
        "expires_at": credential.expires_at,
        "unrestricted": credential.unrestricted,
    }


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Return `document` as JSON in UTF-8, indented, since people edit the file."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode_document(content: bytes) -> dict[str, Any]:
    """Parse the content of the file. Raises InvalidStateFile if it is not a JSON object."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidStateFile(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidStateFile("not a JSON object")
    return document
