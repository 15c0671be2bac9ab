"""Directory: the users, projects, roles and application credentials that embedded identity knows.

They are kept in ``identity.json`` in the state directory, which may be written before the first
start (tests and operators do) or edited while the service runs. `parse` documents its form.
"""

import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from glimpse.identity.embedded.entry_validation import sound
from glimpse.identity.embedded.password_hashes import hash_password

DOMAIN_ID, DOMAIN_NAME = "default", "Default"
ROLE_NAMES = ("admin", "member", "reader", "service")
# The roles that a role implies, as Keystone's bootstrap makes them
_IMPLIED = {
    "admin": ("member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}
_STANDARD = {"admin": ("admin", "member", "reader"), "demo": ("member", "reader")}


class InvalidDirectory(Exception):
    """The identity file is not one; the message says where."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project of the one domain."""

    id: str
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``roles`` maps project ids to names of roles.

    Either ``password``, where `glimpse openrc` should be able to print it, or ``password_hash``.
    """

    id: str
    name: str
    password_hash: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    enabled: bool = True
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """What a user lets a program do in one project; ``expires_at`` is seconds since 1970."""

    id: str
    name: str
    user_id: str
    project_id: str
    roles: tuple[str, ...]
    secret_hash: str = field(repr=False)
    description: str | None = None
    expires_at: float | None = None
    unrestricted: bool = False


class Directory:
    """An immutable snapshot of the identity file, with look-ups by id and name.

    ``broken`` names the entries that were left out, and says why.
    """

    def __init__(
        self,
        users: Iterable[User] = (),
        projects: Iterable[Project] = (),
        credentials: Iterable[ApplicationCredential] = (),
        broken: Mapping[str, str] | None = None,
    ) -> None:
        self.broken = broken or {}
        self.users = {user.id: user for user in users}
        self.projects = {project.id: project for project in projects}
        self.credentials = {credential.id: credential for credential in credentials}
        self._users_by_name = {user.name.lower(): user for user in self.users.values()}
        self._projects_by_name = {each.name.lower(): each for each in self.projects.values()}

    def user(self, *, user_id: str | None = None, name: str | None = None) -> User | None:
        """Find a user by id or by name (in any case, as Keystone's database compares)."""
        if user_id is not None:
            return self.users.get(user_id)
        return self._users_by_name.get((name or "").lower())

    def project(self, *, project_id: str | None = None, name: str | None = None) -> Project | None:
        """Find a project by id or by name (in any case)."""
        if project_id is not None:
            return self.projects.get(project_id)
        return self._projects_by_name.get((name or "").lower())

    def projects_of(self, user: User) -> list[Project]:
        """The enabled projects in which `user` has a role, by name."""
        mine = (self.projects.get(each) for each in user.roles if user.roles[each])
        return sorted((each for each in mine if each and each.enabled), key=lambda p: p.name)

    def credentials_of(self, user_id: str) -> list[ApplicationCredential]:
        """The application credentials of a user, by name."""
        mine = (each for each in self.credentials.values() if each.user_id == user_id)
        return sorted(mine, key=lambda credential: credential.name)


def role_id(name: str) -> str:
    """The id of a role: made of its name, so that it is the same wherever Glimpse runs."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"glimpse:role:{name}").hex


def standard_document() -> dict[str, Any]:
    """The identity file of a first start: admin, demo and alt, each in a project of that name."""
    names = ("admin", "demo", "alt")
    return {
        "projects": [{"name": name} for name in names],
        "users": [
            {"name": name, "roles": {name: list(_STANDARD.get(name, _STANDARD["demo"]))}}
            for name in names
        ],
        "application_credentials": [],
    }


def completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a hand-written identity file left out: ids, passwords, hashes of secrets.

    A user without ``password`` and ``password_hash`` gets a generated password. A hash beside a
    password goes: edit either and the other would be wrong. Broken entries stay as they are.
    Raises InvalidDirectory for a section that is not a list.
    """
    result = {**document}
    for section in ("projects", "users", "application_credentials"):
        entries = document.get(section) or []
        if not isinstance(entries, list):
            raise InvalidDirectory(f"{section}: has to be a list of objects with a name")
        result[section] = [
            {"id": uuid.uuid4().hex, **entry} if _is_named(entry) else entry for entry in entries
        ]
    for user in filter(_is_named, result["users"]):
        if "password" in user:
            user.pop("password_hash", None)
        elif not user.get("password_hash"):
            user["password"] = secrets.token_urlsafe(18)
    for credential in filter(_is_named, result["application_credentials"]):
        if "secret" in credential:
            credential["secret_hash"] = hash_password(str(credential.pop("secret")))
    return result


def _is_named(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def parse(document: Mapping[str, Any]) -> Directory:
    """Make a Directory of a completed identity file.

    ``projects``: id, name, enabled. ``users``: id, name, password or password_hash (the former
    counts), enabled, roles (an object: project id or name -> list of role names; as in Keystone,
    admin implies member, and member reader).
    ``application_credentials``: id, name, user and project (id or name), roles, secret_hash,
    description, expires_at, unrestricted. An entry with a value that cannot be used is left out,
    and so are the roles of a user in a project that there is not. Raises InvalidDirectory.
    """
    broken: dict[str, str] = {}
    try:
        projects = [
            Project(p["id"], p["name"], p.get("enabled", True))
            for p in sound("project", document["projects"], broken)
        ]
        known = Directory(projects=projects)
        sound_users = sound("user", document["users"], broken)
        users = [_user(entry, known, broken) for entry in sound_users]
        known = Directory(users, projects)
        entries = document["application_credentials"]
        credentials = list(_credentials(entries, known, broken))
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidDirectory(f"missing or of the wrong type: {error}") from error
    return Directory(users, projects, credentials, broken)


def _credentials(
    entries: Iterable[Mapping[str, Any]], known: Directory, broken: dict[str, str]
) -> Iterator[ApplicationCredential]:
    for entry in sound("application credential", entries, broken):
        try:
            yield _credential(entry, known)
        except InvalidDirectory as error:  # its user, say, was taken out of the file
            broken[str(entry["id"])] = str(error)


def _user(entry: Mapping[str, Any], known: Directory, broken: dict[str, str]) -> User:
    roles: dict[str, tuple[str, ...]] = {}
    for project, names in entry.get("roles", {}).items():
        try:
            roles[_project_id(project, known)] = _with_implied(names)
        except InvalidDirectory as error:  # the project was taken out of the file, or is broken
            broken[f"{entry['id']}: roles in {project}"] = str(error)
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
    """The roles, and after them those that they imply: tokens list both, as Keystone's do."""
    named = tuple(names)
    implied = (each for name in named for each in _IMPLIED.get(name, ()))
    return tuple(dict.fromkeys((*named, *implied)))


def _credential(entry: Mapping[str, Any], known: Directory) -> ApplicationCredential:
    project_id = _project_id(entry["project"], known)
    user = known.user(user_id=entry["user"]) or known.user(name=entry["user"])
    if user is None:
        raise InvalidDirectory(f"application_credentials: nobody is called {entry['user']}")
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


def _project_id(reference: str, known: Directory) -> str:
    project = known.project(project_id=reference) or known.project(name=reference)
    if project is None:
        raise InvalidDirectory(f"no project has the id or name {reference}")
    return project.id


def credential_entry(credential: ApplicationCredential) -> dict[str, Any]:
    """Write `credential` as the identity file keeps it."""
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


def encode(document: Mapping[str, Any]) -> bytes:
    """The identity file's bytes: indented, for people edit it."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(content: bytes) -> dict[str, Any]:
    """Parse the identity file. Raises InvalidDirectory."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidDirectory(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidDirectory("not a JSON object")
    return document
