"""Directory: everything that the identity file has, by id and name."""

import functools
from collections.abc import Iterable, Mapping

from glimpse.identity.embedded.directory_entries import (
    DOMAIN_ID,
    DOMAIN_NAME,
    ApplicationCredential,
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
    UserAccessRule,
)
from glimpse.identity.embedded.effective_roles import effective_roles
from glimpse.identity.embedded.password_hashes import ScryptParameters, slowest_parameters
from glimpse.identity.embedded.standard_roles import STANDARD_IMPLICATIONS, STANDARD_ROLES

# Its description is that of Keystone's bootstrap.
_DEFAULT_DOMAIN = Domain(DOMAIN_ID, DOMAIN_NAME, description="The default domain")


class Directory:
    """The domains, projects, users, roles, credentials and catalog entries of the identity file.

    Immutable: IdentityFile makes a new Directory after a change of the file. ``domains``,
    ``projects``, ``users``, ``roles``, ``credentials``, ``access_rules``, ``regions``, ``services``
    and ``endpoints`` are by id. Of several entries with the same id, the last one counts; look-ups
    by name find the last one, too. The domain Default and the standard roles always exist.
    ``invalid_entries`` has the entries of the file that were left out: their ids, and the reasons.

    ``implied_roles`` maps the id of a role to the ids of the roles that it implies directly.
    """

    def __init__(
        self,
        users: Iterable[User] = (),
        projects: Iterable[Project] = (),
        credentials: Iterable[ApplicationCredential] = (),
        invalid_entries: Mapping[str, str] | None = None,
        *,
        domains: Iterable[Domain] = (),
        roles: Iterable[Role] = (),
        implied_roles: Mapping[str, tuple[str, ...]] = STANDARD_IMPLICATIONS,
        regions: Iterable[Region] = (),
        services: Iterable[Service] = (),
        endpoints: Iterable[Endpoint] = (),
        access_rules: Iterable[UserAccessRule] = (),
    ) -> None:
        self.invalid_entries = invalid_entries or {}
        self.domains = {each.id: each for each in (_DEFAULT_DOMAIN, *domains)}
        self.roles = {each.id: each for each in (*roles, *STANDARD_ROLES)}
        self.implied_roles = implied_roles
        self.users = {user.id: user for user in users}
        self.projects = {project.id: project for project in projects}
        self.credentials = {credential.id: credential for credential in credentials}
        self.access_rules = {rule.id: rule for rule in access_rules}
        self.regions = {region.id: region for region in regions}
        self.services = {service.id: service for service in services}
        self.endpoints = {endpoint.id: endpoint for endpoint in endpoints}
        self._domains_by_name = {each.name.lower(): each for each in self.domains.values()}
        self._users_by_name = {
            (each.domain_id, each.name.lower()): each for each in self.users.values()
        }
        self._projects_by_name = {
            (each.domain_id, each.name.lower()): each for each in self.projects.values()
        }
        self._roles_by_name = {(each.domain_id, each.name): each for each in self.roles.values()}

    # These take milliseconds with thousands of users, and only a login needs them.
    @functools.cached_property
    def slowest_password_hash(self) -> ScryptParameters:
        """The scrypt parameters of the hash that takes longest to check, of all users.

        Each login takes that long, so that its time does not reveal who exists
        (`password_hashes.check_password`).
        """
        return slowest_parameters(user.password_hash for user in self.users.values())

    @functools.cached_property
    def slowest_secret_hash(self) -> ScryptParameters:
        """As `slowest_password_hash`, but of the secrets of all application credentials."""
        return slowest_parameters(each.secret_hash for each in self.credentials.values())

    def domain(self, *, domain_id: str | None = None, name: str | None = None) -> Domain | None:
        """Return the domain with `domain_id`, or with `name` if `domain_id` is None.

        Returns disabled domains, too; None if there is no such domain. Names are compared without
        regard to case, as in Keystone; so they are in `user` and `project`.
        """
        if domain_id is not None:
            return self.domains.get(domain_id)
        return self._domains_by_name.get((name or "").lower())

    def user(
        self, *, user_id: str | None = None, name: str | None = None, domain_id: str = DOMAIN_ID
    ) -> User | None:
        """Return the user with `user_id`; if that is None, with `name` in the domain `domain_id`.

        Returns disabled users, too; None if there is no such user.
        """
        if user_id is not None:
            return self.users.get(user_id)
        return self._users_by_name.get((domain_id, (name or "").lower()))

    def project(
        self, *, project_id: str | None = None, name: str | None = None, domain_id: str = DOMAIN_ID
    ) -> Project | None:
        """Return the project with `project_id`; if that is None, with `name` in `domain_id`.

        Returns disabled projects, too; None if there is no such project.
        """
        if project_id is not None:
            return self.projects.get(project_id)
        return self._projects_by_name.get((domain_id, (name or "").lower()))

    def role(self, name: str, domain_id: str | None = None) -> Role | None:
        """Return the role `name` in `domain_id`, by default in no domain; None if there is none.

        The case of `name` counts.
        """
        return self._roles_by_name.get((domain_id, name))

    def effective_roles(self, role_ids: Iterable[str]) -> list[Role]:
        """Return the roles with `role_ids` and all roles that these imply, as in a token.

        Roles of a domain, and ids of unknown roles, are left out.
        """
        return effective_roles(role_ids, self.roles, self.implied_roles)

    def is_enabled(self, entry: User | Project) -> bool:
        """Return True if a user or project is enabled, and its domain is, too."""
        domain = self.domains.get(entry.domain_id)
        return entry.enabled and domain is not None and domain.enabled

    def projects_of(self, user: User) -> list[Project]:
        """Return the projects in which `user` has an effective role, sorted by name.

        They include disabled ones, as in Keystone.
        """
        found = (self.projects.get(each) for each in self._with_role(user.roles))
        return sorted(filter(None, found), key=lambda each: each.name)

    def domains_of(self, user: User) -> list[Domain]:
        """Return the domains in which `user` has an effective role, sorted by name.

        They include disabled ones, as in Keystone.
        """
        found = (self.domains.get(each) for each in self._with_role(user.domain_roles))
        return sorted(filter(None, found), key=lambda each: each.name)

    def access_rules_of(self, user_id: str) -> list[UserAccessRule]:
        """Return the access rules of a user, in the order of the file."""
        return [each for each in self.access_rules.values() if each.user_id == user_id]

    def credentials_of(self, user_id: str) -> list[ApplicationCredential]:
        """Return the application credentials of a user, also expired ones, sorted by name."""
        credentials = (each for each in self.credentials.values() if each.user_id == user_id)
        return sorted(credentials, key=lambda credential: credential.name)

    def _with_role(self, assigned: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the ids of projects or domains in `assigned` whose roles include effective ones.

        `assigned` has the ids of the roles that are assigned in each project or domain.
        """
        return [place for place, roles in assigned.items() if self.effective_roles(roles)]
