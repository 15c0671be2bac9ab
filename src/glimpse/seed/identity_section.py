"""Parse the domains, projects, users and application credentials of a seed."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from glimpse.identity import field_lengths
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, DOMAIN_NAME
from glimpse.images import parse_datetime
from glimpse.seed.default_ids import default_id
from glimpse.seed.known_entries import KnownEntries
from glimpse.seed.reader import SeedReader
from glimpse.seed.yaml_document import Place

# For a seed that has neither users nor projects: see `standard_identity`.
STANDARD_PASSWORD = "secret"  # noqa: S105  a test's, and documented
_STANDARD_USERS = ("admin", "demo", "alt")
USER_KEYS = (
    *("id", "name", "password", "domain", "project", "roles", "domain_roles", "system_roles"),
    *("email", "description", "enabled"),
)
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def standard_identity() -> dict[str, Any]:
    """Return the identity document of a seed that has no projects and no users.

    The users are admin, demo and alt. Each has a project of the same name, and the password
    STANDARD_PASSWORD. The user admin has the role ``admin`` in its project and on the system. The
    users demo and alt have the role ``member`` in their projects. The ids are the same in every
    document.
    """
    projects = {name: default_id("project", DOMAIN_ID, name).hex for name in _STANDARD_USERS}
    users: list[dict[str, Any]] = [
        {
            "id": default_id("user", DOMAIN_ID, name).hex,
            "name": name,
            "password": STANDARD_PASSWORD,
            "roles": {projects[name]: ["admin" if name == "admin" else "member"]},
        }
        for name in _STANDARD_USERS
    ]
    users[0]["system_roles"] = ["admin"]
    return {
        "projects": [{"id": found, "name": name} for name, found in projects.items()],
        "users": users,
    }


class SeededIdentity(NamedTuple):
    """The identity document of a seed, and the projects and users that other entries refer to.

    `projects` and `users` have the ids of all projects and users, but only the names of those in
    the domain Default. Entries refer to projects and users of other domains by id.
    """

    document: Mapping[str, Any]
    projects: KnownEntries
    users: KnownEntries


def parse_identity(reader: SeedReader, sections: Mapping[str, Place]) -> SeededIdentity:
    """Parse the sections of domains, projects, users and application credentials.

    `sections` are the sections of a seed by their names. If there is neither a section ``projects``
    nor a section ``users``, the document has the projects and users of `standard_identity`.
    `reader` records problems. Do not use the result if a problem has been recorded.
    """
    parser = _IdentityParser(reader)
    if not {"projects", "users"} & sections.keys():
        parser.add_standard()
    for name in ("domains", "projects", "users", "application_credentials"):
        if name in sections:
            parser.parse_section(name, sections[name])
    return SeededIdentity(parser.document, parser.projects, parser.users)


class _IdentityParser:
    """Parses the sections of an identity, and adds their entries to `document`.

    Sections must be parsed in the order domains, projects, users, application_credentials, because
    entries refer to entries of earlier sections.
    """

    def __init__(self, reader: SeedReader) -> None:
        self._reader = reader
        self._domains = KnownEntries()
        self._domains.add(DOMAIN_ID, DOMAIN_NAME)
        # By the id of their domain
        self._projects_of: defaultdict[str, KnownEntries] = defaultdict(KnownEntries)
        self._users_of: defaultdict[str, KnownEntries] = defaultdict(KnownEntries)
        self._parsers: Mapping[str, Callable[[Place], dict[str, Any]]] = {
            "domains": self._domain,
            "projects": self._project,
            "users": self._user,
            "application_credentials": self._credential,
        }
        self.projects = KnownEntries()
        self.users = KnownEntries()
        self.document: dict[str, Any] = {name: [] for name in self._parsers}

    def add_standard(self) -> None:
        """Set the projects and users of the document to those of `standard_identity`.

        Call this method before `parse_section`.
        """
        self.document |= standard_identity()
        for section, known in (("projects", self.projects), ("users", self.users)):
            for entry in self.document[section]:
                known.add(entry["id"], entry["name"])

    def parse_section(self, name: str, section: Place) -> None:
        """Add the entries of `section` to the document. `name` is the section's name: ``users``.

        If an id occurs twice, a problem is recorded, and the document has only the later entry.
        """
        entries: dict[str, dict[str, Any]] = {}
        for place in self._reader.read_list(section):
            entry = self._parsers[name](place)
            if entry["id"] in entries:
                self._reader.report(place, f"an entry before it has the id {entry['id']}, too.")
            entries[entry["id"]] = entry
        self.document[name] += entries.values()

    def _domain(self, place: Place) -> dict[str, Any]:
        found = self._reader.read_mapping(
            place, ("id", "name", "description", "enabled"), ("name",)
        )
        entry = self._common(found)
        entry["id"] = self._id(found, "domain", entry.get("name", ""))
        self._register(found, entry, self._domains, "domain")
        return entry

    def _project(self, place: Place) -> dict[str, Any]:
        allowed = ("id", "name", "domain", "parent", "description", "enabled", "tags")
        found = self._reader.read_mapping(place, allowed, ("name",))
        entry = self._common(found) | {"domain_id": self._domain_of(found)}
        entry["id"] = self._id(found, "project", entry["domain_id"], entry.get("name", ""))
        others = self._projects_of[entry["domain_id"]]
        if "parent" in found:
            parent = self._reader.read_reference(found["parent"], others, "project before it")
            entry["parent_id"] = parent
        if "tags" in found:
            entry["tags"] = self._reader.read_texts(found["tags"], field_lengths.TAG)
        self._register(found, entry, others, "project")
        is_default = entry["domain_id"] == DOMAIN_ID
        self.projects.add(entry["id"], entry.get("name") if is_default else None)
        return entry

    def _user(self, place: Place) -> dict[str, Any]:
        found = self._reader.read_mapping(place, USER_KEYS, ("name", "password"))
        reader = self._reader
        entry = self._common(found) | {"domain_id": self._domain_of(found)}
        entry["id"] = self._id(found, "user", entry["domain_id"], entry.get("name", ""))
        projects = self.projects.overridden_by(self._projects_of[entry["domain_id"]])
        if "password" in found:
            entry["password"] = reader.read_text(found["password"], field_lengths.PASSWORD)
        if "email" in found:
            entry["email"] = reader.read_text(found["email"])
        if "project" in found:
            entry["default_project_id"] = reader.read_reference(
                found["project"], projects, "project"
            )
        if "roles" in found:
            entry["roles"] = self._assignments(found["roles"], projects, "project")
        if "domain_roles" in found:
            entry["domain_roles"] = self._assignments(
                found["domain_roles"], self._domains, "domain"
            )
        if "system_roles" in found:
            entry["system_roles"] = reader.read_texts(found["system_roles"])
        self._register(found, entry, self._users_of[entry["domain_id"]], "user")
        is_default = entry["domain_id"] == DOMAIN_ID
        self.users.add(entry["id"], entry.get("name") if is_default else None)
        return entry

    def _assignments(self, place: Place, known: KnownEntries, kind: str) -> dict[str, list[str]]:
        """Return the roles of a user: lists of role names, by the id of a project or domain.

        `place` has a mapping whose keys are ids or names in `known`. `kind`, which is ``project``
        or ``domain``, is for messages. An unknown key, and a second key for the same project or
        domain, are recorded as problems. Whether the roles exist is not checked.
        """
        assigned: dict[str, list[str]] = {}
        for name, roles in self._reader.read_any_mapping(place).items():
            place_id = self._reader.find_entry(name, roles, known, kind)
            if place_id and place_id in assigned:
                self._reader.report(roles, f"a key before it is the same {kind}.")
            assigned[place_id] = self._reader.read_texts(roles)
        return assigned

    def _credential(self, place: Place) -> dict[str, Any]:
        reader = self._reader
        required = ("name", "secret", "user", "project")
        allowed = ("id", *required, "roles", "description", "expires_at", "unrestricted")
        found = reader.read_mapping(place, (*allowed, "access_rules"), required)
        entry = self._common(found)
        if "user" in found:
            entry["user"] = reader.read_reference(found["user"], self.users, "user")
        if "project" in found:
            entry["project"] = reader.read_reference(found["project"], self.projects, "project")
        entry["id"] = self._id(
            found, "application credential", entry.get("user", ""), entry.get("name", "")
        )
        if "secret" in found:
            entry["secret"] = reader.read_text(found["secret"], field_lengths.PASSWORD)
        if "roles" in found:
            entry["roles"] = reader.read_texts(found["roles"])
        if "unrestricted" in found:
            entry["unrestricted"] = reader.read_boolean(found["unrestricted"])
        if "expires_at" in found:
            entry["expires_at"] = self._time(found["expires_at"])
        if "access_rules" in found:
            places = reader.read_list(found["access_rules"])
            entry["access_rules"] = [self._access_rule(each, entry) for each in places]
        return entry

    def _access_rule(self, place: Place, credential: Mapping[str, Any]) -> str:
        """Add the access rule at `place` to the document, and return the id of the rule.

        The rule belongs to the user of `credential`, an application credential. A missing service,
        method or path is recorded as a problem; so is a wrong value.
        """
        found = self._reader.read_mapping(
            place, ("service", "method", "path"), ("service", "method", "path")
        )
        rule = {key: self._reader.read_text(value) for key, value in found.items()}
        if "method" in found:
            rule["method"] = self._reader.read_choice(found["method"], _METHODS)
        user = credential.get("user", "")
        rule |= {"id": default_id("access rule", user, place.path).hex, "user": user}
        self.document.setdefault("access_rules", []).append(rule)
        return rule["id"]

    def _time(self, place: Place) -> float | None:
        """Return the POSIX time, in seconds, of a date and time in ISO 8601 notation.

        A time without a zone is UTC. For any other value, records a problem and returns None.
        """
        message = "a date and time in ISO 8601 notation is expected."

        def timestamp(text: str) -> str | None:
            parsed = parse_datetime(text)
            return str(parsed.timestamp()) if parsed is not None else None

        found = self._reader.read_with(place, timestamp, message)
        return float(found) if found else None

    def _common(self, found: Mapping[str, Place]) -> dict[str, Any]:
        """Return the name, the description and the flag ``enabled``, as far as `found` has them.

        `found` has the places of an entry's attributes, by name. Wrong values are recorded as
        problems.
        """
        entry: dict[str, Any] = {}
        if "name" in found:
            entry["name"] = self._reader.read_text(found["name"], field_lengths.NAME)
        if "description" in found:
            entry["description"] = self._reader.read_text(
                found["description"], field_lengths.DESCRIPTION, 0
            )
        if "enabled" in found:
            entry["enabled"] = self._reader.read_boolean(found["enabled"])
        return entry

    def _id(self, found: Mapping[str, Place], kind: str, *names: str) -> str:
        """Return the ``id`` in `found`; by default, the `default_id` for `kind` and `names`.

        A default id has 32 hexadecimal digits. A wrong ``id`` is recorded as a problem.
        """
        if "id" in found:
            return self._reader.read_text(found["id"], field_lengths.ID)
        return default_id(kind, *names).hex

    def _domain_of(self, found: Mapping[str, Place]) -> str:
        if "domain" not in found:
            return DOMAIN_ID
        return self._reader.read_reference(found["domain"], self._domains, "domain")

    def _register(
        self,
        found: Mapping[str, Place],
        entry: Mapping[str, Any],
        others: KnownEntries,
        kind: str,
    ) -> None:
        """Check that no entry in `others` has the name of `entry`; then add `entry` to `others`.

        If an entry has the name, a problem is recorded, and `entry` is added all the same. `others`
        are the earlier projects or users of the same domain; for a domain, all earlier domains.
        `found` has the places of the entry's attributes. `kind` is for the message.
        """
        name = entry.get("name")
        if name is not None and name in others.by_name:
            self._reader.report(found["name"], f"a {kind} before it has this name.")
        others.add(entry["id"], name)
