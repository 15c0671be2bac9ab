"""The kinds of entries in a Directory, such as domains, projects, users and roles.

In all classes, ``options`` has Keystone's resource options, such as ``immutable``. ``extra`` has
the attributes that Keystone does not know, but stores and shows.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

from glimpse.identity.access_rules import AccessRule

DOMAIN_ID, DOMAIN_NAME = "default", "Default"  # the domain that always exists


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain: a namespace of users and projects.

    While a domain is disabled, nobody can use its users and projects.
    """

    id: str
    name: str
    enabled: bool = True
    description: str | None = ""
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A project.

    ``parent_id`` is the id of the project above this project. ``parent_id`` is None if this project
    is directly below its domain.
    """

    id: str
    name: str
    enabled: bool = True
    domain_id: str = DOMAIN_ID
    parent_id: str | None = None
    description: str | None = ""
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """A user, and the ids of the roles that are assigned to the user.

    ``roles`` maps the id of a project to the ids of the user's roles in that project.
    ``domain_roles`` maps the id of a domain in the same way. ``system_roles`` has the ids of the
    user's roles on the system. Implied roles are not included: `Directory.effective_roles` adds the
    implied roles.

    The user has either a readable ``password``, which `glimpse openrc` can print, or a
    ``password_hash``. If the user has no ``email``, ``description`` or ``default_project_id``, that
    field is None.

    ``disabled_at`` is the POSIX time at which a request last disabled the user, or None. Tokens
    that were issued at this time or before stay invalid, even if the user is enabled again.
    """

    id: str
    name: str
    password_hash: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    enabled: bool = True
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domain_id: str = DOMAIN_ID
    domain_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    system_roles: tuple[str, ...] = ()
    email: str | None = None
    description: str | None = None
    default_project_id: str | None = None
    disabled_at: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assignments(self) -> list["Assignment"]:
        """The roles that are assigned to the user: in projects, in domains, then on the system.

        Implied roles are not included.
        """
        found = [
            Assignment(self.id, role, project_id=project_id)
            for project_id, roles in self.roles.items()
            for role in roles
        ]
        found += [
            Assignment(self.id, role, domain_id=domain_id)
            for domain_id, roles in self.domain_roles.items()
            for role in roles
        ]
        return found + [Assignment(self.id, role) for role in self.system_roles]


class Assignment(NamedTuple):
    """A role that is assigned to a user in a project, in a domain, or on the system.

    At most one of ``project_id`` and ``domain_id`` is set. Both are None for a role on the system.
    """

    user_id: str
    role_id: str
    project_id: str | None = None
    domain_id: str | None = None

    @property
    def scope(self) -> tuple[str | None, str | None]:
        """The pair of ``project_id`` and ``domain_id``; both are None for a role on the system."""
        return self.project_id, self.domain_id


@dataclass(frozen=True, slots=True)
class Role:
    """A role.

    ``domain_id`` is None for most roles. A role with a ``domain_id`` is never in a token itself.
    The token has the roles that this role implies.
    """

    id: str
    name: str
    description: str | None = None
    domain_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserAccessRule:
    """An access rule of a user.

    Application credentials refer to access rules. Deleting an application credential does not
    delete the access rules of the credential.
    """

    id: str
    user_id: str
    rule: AccessRule


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """A secret to log in as a user, with some of the user's roles in a project.

    ``roles`` has the ids of these roles. Tokens that were obtained with the credential may be used
    for the requests that a rule in ``access_rules`` allows. If ``access_rules`` is empty, the
    tokens may be used for all requests. If ``unrestricted`` is False, the tokens may not be used to
    create or delete application credentials. ``expires_at`` is a POSIX time; None means never.
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
    access_rules: tuple[UserAccessRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A region that an admin added to the catalog.

    ``parent_region_id`` is the id of the region above this region, or None.
    """

    id: str
    description: str = ""
    parent_region_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """A service that an admin added to the catalog. ``name`` is None if there is none."""

    id: str
    type: str
    name: str | None = None
    enabled: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that an admin added to the catalog.

    ``service_id`` is the id of a Service, or of a service that this process provides itself.
    ``interface`` is ``public``, ``internal`` or ``admin``. ``region_id`` is None if the endpoint is
    in no region. ``url`` may have substitutions, such as ``%(project_id)s``.
    """

    id: str
    service_id: str
    interface: str
    url: str
    region_id: str | None = None
    enabled: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


_T = TypeVar("_T")
_NULLABLE = {(Domain, "description"), (Project, "description")}


def make_entry(entry_type: type[_T], entry: Mapping[str, Any], **parsed: Any) -> _T:
    """Make an object of the class `entry_type` from the fields in `parsed` and in `entry`.

    `entry` is a valid entry of ``identity.json``. If both `parsed` and `entry` have a field, the
    value in `parsed` is used. If a field is missing in both, or null in `entry`, it gets its
    default value. But the description of a domain or project becomes None if it is null. Lists in
    `entry` become tuples. Names in `entry` that are not fields of `entry_type` are ignored.
    """
    values = dict(parsed)
    for name in _field_names(entry_type):  # type: ignore[arg-type]  # a type is hashable
        if name not in parsed and name in entry:
            value = entry[name]
            if value is not None or (entry_type, name) in _NULLABLE:
                values[name] = tuple(value) if isinstance(value, list) else value
    return entry_type(**values)


@functools.cache
def _field_names(entry_type: type) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass; cached, since each entry needs them."""
    return tuple(each.name for each in fields(entry_type))
