"""parse_directory: makes a Directory from the JSON document in ``identity.json``."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from glimpse.identity.access_rules import AccessRule
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    DOMAIN_ID,
    ApplicationCredential,
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
    UserAccessRule,
    make_entry,
)
from glimpse.identity.embedded.identity_document import REQUIRED_SECTIONS
from glimpse.identity.embedded.identity_document_sections import read_section
from glimpse.identity.embedded.identity_entry_validation import Entry, valid_entries
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.identity.embedded.role_references import RoleReferences
from glimpse.identity.embedded.standard_roles import STANDARD_IMPLICATIONS

_T = TypeVar("_T")

# For each part of the catalog: the section, the kind in messages, and the class of its entries.
_CATALOG: tuple[tuple[str, str, type], ...] = (
    ("regions", "region", Region),
    ("services", "service", Service),
    ("endpoints", "endpoint", Endpoint),
)


def parse_directory(document: Mapping[str, Any]) -> Directory:
    """Make the Directory of `document`, which the module identity_document describes.

    These parts are left out, and ``Directory.invalid_entries`` has the reasons:

    - an invalid entry
    - an entry that refers to an unknown domain, user, project or access rule
    - an implication of an unknown role id
    - the roles of a user in an unknown project or domain; the user is kept
    - an unknown role id of a user or credential; the user or credential is kept

    Parents, default projects, and the regions, services and interfaces of endpoints are not
    checked.

    Raises InvalidStateFile if a section is not a list, or if projects, users or
    application_credentials is missing or null. Other sections may be missing.
    """
    try:
        return _Parser(document).parse()
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidStateFile(f"missing or of the wrong type: {error}") from error


class _Parser:
    """Makes the Directory of one document, section by section. Call `parse` once.

    ``_directory`` has the sections that have been parsed so far. ``_invalid`` collects the
    ``invalid_entries`` of the result.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._invalid: dict[str, str] = {}
        self._directory = Directory()
        self._roles = RoleReferences((), self._invalid)

    def parse(self) -> Directory:
        """Return the Directory of the document.

        Raises InvalidStateFile if a section is not a list, or is required and missing. Raises
        KeyError, TypeError or AttributeError for an unexpected type: `parse_directory` converts
        these errors.
        """
        known: dict[str, Any] = {}
        known["domains"] = self._parse("domains", "domain", lambda entry: make_entry(Domain, entry))
        self._directory = Directory(**known)
        self._roles = RoleReferences(self._parse("roles", "role", self._role), self._invalid)
        pairs = self._parse("implied_roles", "implied role", self._implication)
        known["implied_roles"] = _implications(pairs)
        known["projects"] = self._parse("projects", "project", self._project)
        self._directory = Directory(**known)
        known["users"] = self._parse("users", "user", self._user)
        known["roles"] = self._roles.roles.values()
        self._directory = Directory(**known)
        known["access_rules"] = self._parse("access_rules", "access rule", self._access_rule)
        self._directory = Directory(**known)
        known["application_credentials"] = self._parse(
            "application_credentials", "application credential", self._credential
        )
        for section, kind, entry_type in _CATALOG:
            known[section] = self._parse(section, kind, partial(make_entry, entry_type))
        return Directory(**known, invalid_entries=self._invalid)

    def _parse(self, section: str, kind: str, make: Callable[[Entry], _T]) -> list[_T]:
        """Return the results of `make` for the valid entries of a section, in their order.

        An invalid entry is left out and recorded in ``_invalid``. So is an entry for which `make`
        raises InvalidStateFile, because the entry refers to something that does not exist. `kind`,
        such as ``project``, names the schema of the entries.

        Raises InvalidStateFile if the section is not a list, or is required and missing.
        """
        if section in REQUIRED_SECTIONS and self._document.get(section) is None:
            raise InvalidStateFile(f"{section}: is missing")
        made = []
        for entry in valid_entries(kind, read_section(self._document, section), self._invalid):
            try:
                made.append(make(entry))
            except InvalidStateFile as error:  # for example, the domain was removed from the file
                self._invalid[str(entry.get("id") or entry)] = str(error)
        return made

    def _role(self, entry: Entry) -> Role:
        role = make_entry(Role, entry)
        if role.domain_id is not None:
            self._check_domain(role.domain_id)
        return role

    def _project(self, entry: Entry) -> Project:
        project = make_entry(Project, entry)
        self._check_domain(project.domain_id)
        return project

    def _user(self, entry: Entry) -> User:
        """Make the User of a valid entry. If there is a readable password, the hash is ignored.

        Unknown projects, domains and role ids are left out, and recorded in ``_invalid``. Raises
        InvalidStateFile if the user's own domain is unknown.
        """
        domain_id = entry.get("domain_id")
        domain_id = DOMAIN_ID if domain_id is None else domain_id
        self._check_domain(domain_id)
        name = entry["id"]
        in_projects = self._assignments(
            f"{name}: roles",
            entry.get("roles", {}),
            lambda reference: self._project_id(reference, domain_id),
        )
        in_domains = self._assignments(
            f"{name}: domain roles", entry.get("domain_roles", {}), self._domain_id
        )
        on_system = entry.get("system_roles", ())
        return make_entry(
            User,
            entry,
            password_hash=entry.get("password_hash") if entry.get("password") is None else None,
            roles=in_projects,
            domain_roles=in_domains,
            system_roles=self._roles.get_or_add_ids(on_system, f"{name}: system roles"),
        )

    def _assignments(
        self,
        path: str,
        assigned: Mapping[str, Iterable[str]],
        find_id: Callable[[str], str],
    ) -> dict[str, tuple[str, ...]]:
        """Return a mapping from ids of projects or domains to ids of the roles assigned there.

        `assigned` maps the ids or names of projects or domains to the ids or names of roles. If
        several keys name the same project or domain, their roles are joined, without duplicates. If
        `assigned` has the name of a role that does not exist, a role of that name is added to
        ``_roles``.

        `find_id` returns the id for a key of `assigned`. If `find_id` raises InvalidStateFile, the
        key is left out. Unknown role ids are left out, too. ``_invalid`` records what is left out,
        under keys that begin with `path`.
        """
        found: dict[str, tuple[str, ...]] = {}
        for place, roles in assigned.items():
            try:
                place_id = find_id(place)  # several keys may name the same project
                ids = self._roles.get_or_add_ids(roles, f"{path} in {place}")
                found[place_id] = tuple(dict.fromkeys((*found.get(place_id, ()), *ids)))
            except InvalidStateFile as error:  # the place was removed from the file, or is invalid
                self._invalid[f"{path} in {place}"] = str(error)
        return found

    def _credential(self, entry: Entry) -> ApplicationCredential:
        """Make the ApplicationCredential of a valid entry, which may have expired.

        If the entry names no roles, the credential has all effective roles of the user in the
        project. Unknown ids of roles are left out, and recorded in ``_invalid``. If the entry has
        the name of a role that does not exist, a role of that name is added to ``_roles``. Raises
        InvalidStateFile if the user or the project is unknown, or if the user has no access rule
        with an id in the entry.
        """
        project_id = self._project_id(entry["project"])
        user = self._named_user(entry)
        roles = self._roles.get_or_add_ids(entry.get("roles") or (), f"{entry['id']}: roles")
        if not entry.get("roles"):
            held = self._directory.effective_roles(user.roles.get(project_id, ()))
            roles = tuple(role.id for role in held)
        return ApplicationCredential(
            id=entry["id"],
            name=entry["name"],
            user_id=user.id,
            project_id=project_id,
            roles=roles,
            secret_hash=entry["secret_hash"],
            description=entry.get("description"),
            expires_at=entry.get("expires_at"),
            unrestricted=entry.get("unrestricted", False),
            access_rules=tuple(
                self._user_rule(each, user) for each in entry.get("access_rules", ())
            ),
        )

    def _access_rule(self, entry: Entry) -> UserAccessRule:
        """Make the UserAccessRule of a valid entry. Raises InvalidStateFile for an unknown user."""
        rule = AccessRule(entry["service"], entry["method"], entry["path"])
        return UserAccessRule(entry["id"], self._named_user(entry).id, rule)

    def _user_rule(self, rule_id: str, user: User) -> UserAccessRule:
        """Return the access rule of `user` with the id `rule_id`.

        Raises InvalidStateFile if the user has no such rule, so that the credential is left out. A
        credential without the rule would allow more.
        """
        rule = self._directory.access_rules.get(rule_id)
        if rule is None or rule.user_id != user.id:
            raise InvalidStateFile(f"the user has no access rule with the id {rule_id}")
        return rule

    def _named_user(self, entry: Entry) -> User:
        """Return the user whom the text ``user`` of a credential or access rule names.

        The text is an id, or else a name in the domain Default. Raises InvalidStateFile if there is
        no such user.
        """
        reference = entry["user"]
        user = self._directory.user(user_id=reference) or self._directory.user(name=reference)
        if user is None:
            raise InvalidStateFile(f"no user has the id or name {reference}")
        return user

    def _implication(self, entry: Entry) -> tuple[str, str]:
        """Return the ids of the prior role and of the implied role.

        The entry names both roles by id or name. A name that no role has makes a role. Raises
        InvalidStateFile for an unknown id (32 hexadecimal digits).
        """
        prior = self._roles.get_or_add_id(entry["prior_role"])
        return prior, self._roles.get_or_add_id(entry["implied_role"])

    def _project_id(self, reference: str, domain_id: str = DOMAIN_ID) -> str:
        """Return the id of the project with the id `reference`, or else with the name `reference`.

        The name is looked up in the domain `domain_id`. Raises InvalidStateFile if there is no such
        project.
        """
        directory = self._directory
        project = directory.project(project_id=reference) or directory.project(
            name=reference, domain_id=domain_id
        )
        if project is None:
            raise InvalidStateFile(f"no project has the id or name {reference}")
        return project.id

    def _domain_id(self, reference: str) -> str:
        """Return the id of the domain with the id `reference`, or else with the name `reference`.

        Raises InvalidStateFile if there is no such domain.
        """
        directory = self._directory
        domain = directory.domain(domain_id=reference) or directory.domain(name=reference)
        if domain is None:
            raise InvalidStateFile(f"no domain has the id or name {reference}")
        return domain.id

    def _check_domain(self, domain_id: str) -> None:
        """Raise InvalidStateFile if no domain has the id `domain_id`."""
        if domain_id not in self._directory.domains:
            raise InvalidStateFile(f"no domain has the id {domain_id}")


def _implications(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return a mapping from the id of a prior role to the ids of the roles that it implies.

    The result has STANDARD_IMPLICATIONS and `pairs`, without duplicates. Each pair has the id of a
    prior role and the id of an implied role.
    """
    found = {prior: dict.fromkeys(implied) for prior, implied in STANDARD_IMPLICATIONS.items()}
    for prior, implied in pairs:
        found.setdefault(prior, {})[implied] = None
    return {prior: tuple(implied) for prior, implied in found.items()}
