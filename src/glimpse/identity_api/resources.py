"""Lists and shows projects, users, domains, roles, services, endpoints and regions. Pure.

Permissions are those of Keystone's default policy: an admin may see all entries, other callers only
their own.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from glimpse.identity.embedded.application_credentials import Forbidden, NotFound
from glimpse.identity.embedded.directory import DOMAIN_ID, ROLE_NAMES, Directory
from glimpse.identity.embedded.session import Session
from glimpse.identity_api import documents

Entry = dict[str, Any]
Query = Iterable[tuple[str, str]]
_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))  # as oslo.utils reads a boolean


class Source(NamedTuple):
    """The data that entries are rendered from: directory, URL of this process, and region."""

    directory: Directory
    base_url: str
    region: str


class _Kind(NamedTuple):
    """A kind of entries, and the entries that a caller without the role admin may see.

    ``is_visible_to`` takes the caller's session and the id of an entry, and returns True if the
    caller may see the entry. With ``is_listed_for_all``, every caller may list all entries.
    """

    singular: str
    entries: Callable[[Source], list[Entry]]
    is_visible_to: Callable[[Session, str], bool] = lambda _session, _id: False
    is_listed_for_all: bool = False


def is_true(text: str) -> bool:
    """Return True for a query parameter that oslo.utils reads as true."""
    return text.lower() in _TRUE


def list_entries(session: Session, kind: str, source: Source, query: Query) -> list[Entry]:
    """List the entries of a kind (a key of KINDS) that match `query`. Raises Forbidden."""
    if not (KINDS[kind].is_listed_for_all or _is_admin(session)):
        raise _forbidden(f"list_{kind}")
    return _filter(KINDS[kind].entries(source), query)


def show_entry(session: Session, kind: str, source: Source, entry_id: str) -> Entry:
    """Return the entry of a kind (a key of KINDS) with an id.

    Raises Forbidden if the caller may not see an entry with that id, whether it exists or not;
    NotFound if it may, and there is no such entry.
    """
    singular, entries, is_visible_to, _ = KINDS[kind]
    if not (is_visible_to(session, entry_id) or _is_admin(session)):
        raise _forbidden(f"get_{singular}")
    found = next((entry for entry in entries(source) if entry["id"] == entry_id), None)
    if found is None:
        raise NotFound(f"Could not find {singular}: {entry_id}.")
    return found


def list_projects_of(session: Session, user_id: str, source: Source, query: Query) -> list[Entry]:
    """List the enabled projects that match `query` and in which a user has a role.

    Raises Forbidden unless the caller is the user or an admin; NotFound for an unknown user.
    """
    if session.user.id != user_id and not _is_admin(session):
        raise _forbidden("list_user_projects")
    user = source.directory.users.get(user_id)
    if user is None:
        raise NotFound(f"Could not find user: {user_id}.")
    found = source.directory.projects_of(user)
    return _filter([documents.render_project(each, source.base_url) for each in found], query)


def _filter(entries: list[Entry], query: Query) -> list[Entry]:
    """Return the entries with the values of `query`, whose unknown parameters are ignored.

    ``limit`` is ignored, too: a list is one page. ``marker`` is respected, so that a client that
    requests the next page receives an empty one.
    """
    parameters = dict(query)
    matching = [
        entry
        for entry in entries
        if all(_equals(entry[key], text) for key, text in parameters.items() if key in entry)
    ]
    ids = [entry["id"] for entry in matching]
    marker = parameters.get("marker")
    return matching[ids.index(marker) + 1 :] if marker in ids else matching


def _equals(value: object, text: str) -> bool:
    if isinstance(value, bool):
        return value is is_true(text)
    return value == text


def _is_admin(session: Session) -> bool:
    return "admin" in session.roles


def _forbidden(action: str) -> Forbidden:
    text = f"You are not authorized to perform the requested action: identity:{action}."
    return Forbidden(text)


def _projects(source: Source) -> list[Entry]:
    return [
        documents.render_project(each, source.base_url)
        for each in source.directory.projects.values()
    ]


def _users(source: Source) -> list[Entry]:
    return [
        documents.render_user(each, source.base_url) for each in source.directory.users.values()
    ]


def _is_own_project(session: Session, project_id: str) -> bool:
    return session.project is not None and session.project.id == project_id


def _is_own_domain(session: Session, domain_id: str) -> bool:
    return session.project is not None and domain_id == DOMAIN_ID


def _is_self(session: Session, user_id: str) -> bool:
    return session.user.id == user_id


KINDS: dict[str, _Kind] = {
    "projects": _Kind("project", _projects, _is_own_project),
    "users": _Kind("user", _users, _is_self),
    "domains": _Kind(
        "domain", lambda source: [documents.render_domain(source.base_url)], _is_own_domain
    ),
    "roles": _Kind(
        "role", lambda source: [documents.render_role(name, source.base_url) for name in ROLE_NAMES]
    ),
    "services": _Kind(
        "service", lambda source: documents.render_services(source.base_url, source.region)
    ),
    "endpoints": _Kind(
        "endpoint", lambda source: documents.render_endpoints(source.base_url, source.region)
    ),
    "regions": _Kind(
        "region",
        lambda source: [documents.render_region(source.region, source.base_url)],
        lambda _session, _id: True,
        is_listed_for_all=True,
    ),
}
