"""Directory: the content of the identity file, with look-ups by id and by name."""

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

# Keystone's bootstrap sets this description.
_DEFAULT_DOMAIN = Domain(DOMAIN_ID, DOMAIN_NAME, description="The default domain")


class Directory:
    """The domains, projects, users, roles and other entries of the identity file.

    Immutable: IdentityFile makes a new Directory after a change of the file. ``domains``,
    ``projects``, ``users``, ``roles``, ``application_credentials``, ``access_rules``, ``regions``,
    ``services`` and ``endpoints`` map ids to entries. If several entries have the same id or name,
    the last of them is used. The domain Default and the standard roles always exist.

    ``implied_roles`` maps the id of a role to the ids of the roles that it implies directly.

    Invalid entries and references in the file are left out. ``invalid_entries`` maps a text that
    names each of them, such as its id or its place in the file, to the reason.
    """

    def __init__(
        self,
        users: Iterable[User] = (),
        projects: Iterable[Project] = (),
        application_credentials: Iterable[ApplicationCredential] = (),
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
        self.application_credentials = {
            credential.id: credential for credential in application_credentials
        }
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

    # The next two properties take milliseconds with thousands of users. Only a login needs them.
    @functools.cached_property
    def slowest_password_hash(self) -> ScryptParameters:
        """The scrypt parameters of the slowest password hash; MINIMAL if no hash is slower.

        The password hashes are those of all users. The slowest hash is the one that takes longest
        to check. Each login by password takes as long as a check with these parameters. So the time
        of a login does not reveal which users exist.
        """
        return slowest_parameters(user.password_hash for user in self.users.values())

    @functools.cached_property
    def slowest_secret_hash(self) -> ScryptParameters:
        """The scrypt parameters of the slowest secret hash; MINIMAL if no secret hash is slower.

        The secret hashes are those of all application credentials. The slowest hash is the one that
        takes longest to check. Each login by application credential takes as long as a check with
        these parameters. So the time of a login does not reveal which credentials exist.
        """
        return slowest_parameters(
            each.secret_hash for each in self.application_credentials.values()
        )

    def domain(self, *, domain_id: str | None = None, name: str | None = None) -> Domain | None:
        """Return the domain with the id `domain_id`; if `domain_id` is None, the domain `name`.

        Returns None if there is no such domain, or if both arguments are None. A disabled domain is
        returned, too. The case of `name` does not matter, as in Keystone.
        """
        if domain_id is not None:
            return self.domains.get(domain_id)
        return self._domains_by_name.get((name or "").lower())

    def user(
        self, *, user_id: str | None = None, name: str | None = None, domain_id: str = DOMAIN_ID
    ) -> User | None:
        """Return the user with the id `user_id`; if `user_id` is None, the user `name`.

        `name` is looked up in the domain `domain_id`; with a `user_id`, `domain_id` is ignored.
        Returns None if there is no such user, or if `user_id` and `name` are None. A disabled user
        is returned, too. The case of `name` does not matter, as in Keystone.
        """
        if user_id is not None:
            return self.users.get(user_id)
        return self._users_by_name.get((domain_id, (name or "").lower()))

    def project(
        self, *, project_id: str | None = None, name: str | None = None, domain_id: str = DOMAIN_ID
    ) -> Project | None:
        """Return the project with the id `project_id`; if that is None, the project `name`.

        `name` is looked up in the domain `domain_id`; with a `project_id`, `domain_id` is ignored.
        Returns None if there is no such project, or if `project_id` and `name` are None. A disabled
        project is returned, too. The case of `name` does not matter, as in Keystone.
        """
        if project_id is not None:
            return self.projects.get(project_id)
        return self._projects_by_name.get((domain_id, (name or "").lower()))

    def role(self, name: str, domain_id: str | None = None) -> Role | None:
        """Return the role `name` of the domain `domain_id`; None if there is no such role.

        If `domain_id` is None, returns the role `name` that belongs to no domain. The case of
        `name` matters.
        """
        return self._roles_by_name.get((domain_id, name))

    def effective_roles(self, role_ids: Iterable[str]) -> list[Role]:
        """Return the roles that a token has if its user has the roles with the ids `role_ids`.

        The result has the roles in `role_ids`, then all roles that these roles imply directly or
        indirectly. Each role is in the result once. A role that belongs to a domain is left out:
        such a role only implies other roles. Unknown ids are ignored.
        """
        return effective_roles(role_ids, self.roles, self.implied_roles)

    def is_enabled(self, entry: User | Project) -> bool:
        """Return True if both `entry` and its domain are enabled.

        Returns False if the domain is unknown.
        """
        domain = self.domains.get(entry.domain_id)
        return entry.enabled and domain is not None and domain.enabled

    def projects_of(self, user: User) -> list[Project]:
        """Return the projects in which `user` has an effective role, sorted by name.

        A role that belongs to a domain does not count, but the roles that it implies do. Disabled
        projects are in the list, too, as in Keystone. Unknown projects are left out.
        """
        found = (self.projects.get(each) for each in self._with_role(user.roles))
        return sorted(filter(None, found), key=lambda each: each.name)

    def domains_of(self, user: User) -> list[Domain]:
        """Return the domains in which `user` has an effective role, sorted by name.

        A role that belongs to a domain does not count, but the roles that it implies do. Roles in
        the projects of a domain do not count. Disabled domains are in the list, too, as in
        Keystone. Unknown domains are left out.
        """
        found = (self.domains.get(each) for each in self._with_role(user.domain_roles))
        return sorted(filter(None, found), key=lambda each: each.name)

    def access_rules_of(self, user_id: str) -> list[UserAccessRule]:
        """Return the access rules of a user, in the order of the file; none for an unknown user."""
        return [each for each in self.access_rules.values() if each.user_id == user_id]

    def application_credentials_of(self, user_id: str) -> list[ApplicationCredential]:
        """Return the application credentials of a user, sorted by name.

        Expired credentials are in the list, too. For an unknown user, the list is empty.
        """
        credentials = (
            each for each in self.application_credentials.values() if each.user_id == user_id
        )
        return sorted(credentials, key=lambda credential: credential.name)

    def _with_role(self, assigned: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the ids in `assigned` under which there is an effective role, in their order.

        `assigned` maps the id of a project or domain to the ids of the roles that a user has there.
        An id is left out if `effective_roles` returns an empty list for its roles.
        """
        return [place for place, roles in assigned.items() if self.effective_roles(roles)]
