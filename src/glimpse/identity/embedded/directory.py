"""Directory: the users, projects and application credentials of the identity file."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from glimpse.identity.embedded.password_hashes import slowest_parameters

DOMAIN_ID, DOMAIN_NAME = "default", "Default"
ROLE_NAMES = ("admin", "member", "reader", "service")


@dataclass(frozen=True, slots=True)
class Project:
    """A project. All projects are in the domain Default."""

    id: str
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``roles`` maps ids of projects to the names of the user's roles there.

    The names include the roles that others imply: with admin also member and reader. The user has
    either a readable ``password``, which `glimpse openrc` can print, or a ``password_hash``.
    """

    id: str
    name: str
    password_hash: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    enabled: bool = True
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """A secret with which a program logs in as a user, with some of the user's roles.

    ``expires_at`` is a POSIX time; None means never. Only if the credential is ``unrestricted`` may
    tokens that were obtained with it create and delete application credentials.
    """

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
    """The users, projects and application credentials of the identity file, by id and name.

    Immutable: IdentityFile makes a new Directory after a change of the file. ``users``,
    ``projects`` and ``credentials`` are by id. Of several entries with the same id, the last one
    counts; look-ups of users and projects by name find the last one, too. ``invalid_entries`` has
    the entries of the file that were left out: their ids, and the reasons.

    ``slowest_password_hash`` and ``slowest_secret_hash`` are scrypt parameters: those of the hash
    that takes longest to check, of all users and of all application credentials. Each login takes
    that long, so that its time does not reveal who exists (`password_hashes.check_password`).
    """

    def __init__(
        self,
        users: Iterable[User] = (),
        projects: Iterable[Project] = (),
        credentials: Iterable[ApplicationCredential] = (),
        invalid_entries: Mapping[str, str] | None = None,
    ) -> None:
        self.invalid_entries = invalid_entries or {}
        self.users = {user.id: user for user in users}
        self.projects = {project.id: project for project in projects}
        self.credentials = {credential.id: credential for credential in credentials}
        self.slowest_password_hash = slowest_parameters(
            user.password_hash for user in self.users.values()
        )
        self.slowest_secret_hash = slowest_parameters(
            credential.secret_hash for credential in self.credentials.values()
        )
        self._users_by_name = {user.name.lower(): user for user in self.users.values()}
        self._projects_by_name = {each.name.lower(): each for each in self.projects.values()}

    def user(self, *, user_id: str | None = None, name: str | None = None) -> User | None:
        """Return the user with `user_id`, or with `name` if `user_id` is None.

        Returns disabled users, too; None if there is no such user. Names are compared without
        regard to case, as in Keystone.
        """
        if user_id is not None:
            return self.users.get(user_id)
        return self._users_by_name.get((name or "").lower())

    def project(self, *, project_id: str | None = None, name: str | None = None) -> Project | None:
        """Return the project with `project_id`, or with `name` if `project_id` is None.

        Returns disabled projects, too; None if there is no such project. Names are compared without
        regard to case, as in Keystone.
        """
        if project_id is not None:
            return self.projects.get(project_id)
        return self._projects_by_name.get((name or "").lower())

    def projects_of(self, user: User) -> list[Project]:
        """Return the enabled projects in which `user` has a role, sorted by name."""
        projects = (self.projects.get(each) for each in user.roles if user.roles[each])
        return sorted((each for each in projects if each and each.enabled), key=lambda p: p.name)

    def credentials_of(self, user_id: str) -> list[ApplicationCredential]:
        """Return the application credentials of a user, also expired ones, sorted by name."""
        credentials = (each for each in self.credentials.values() if each.user_id == user_id)
        return sorted(credentials, key=lambda credential: credential.name)


def role_id(name: str) -> str:
    """Return the id of the role `name`: a hash of the name, the same in every deployment.

    Any name has an id, also one that is not in ROLE_NAMES.
    """
    return uuid.uuid5(uuid.NAMESPACE_URL, f"glimpse:role:{name}").hex
