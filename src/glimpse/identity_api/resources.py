"""What callers may look up beside tokens: projects, users, roles and the parts of the catalog.

Commands look a project or a user up before they use it, and scripts list what there is. Who may
see what is as in Keystone's default policy: an admin all of it, others themselves. Pure.
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


class Place(NamedTuple):
    """What there is to look at, and the URL and the region that are printed of it."""

    directory: Directory
    base_url: str
    region: str


class _Kind(NamedTuple):
    """All there are of a kind, and which one a caller who is no admin may see."""

    singular: str
    entries: Callable[[Place], list[Entry]]
    shown_to: Callable[[Session, str], bool] = lambda _session, _id: False
    listed_to_all: bool = False


def is_true(text: str) -> bool:
    """Whether a parameter's text means yes."""
    return text.lower() in _TRUE


def list_entries(session: Session, kind: str, place: Place, query: Query) -> list[Entry]:
    """Those of a kind (one of KINDS) that the query asks for. Raises Forbidden."""
    if not (KINDS[kind].listed_to_all or _is_admin(session)):
        raise _refusal(f"list_{kind}")
    return _chosen(KINDS[kind].entries(place), query)


def show_entry(session: Session, kind: str, place: Place, entry_id: str) -> Entry:
    """One of a kind (one of KINDS). Raises Forbidden, and NotFound to who may see all."""
    singular, entries, shown_to, _ = KINDS[kind]
    if not (shown_to(session, entry_id) or _is_admin(session)):
        raise _refusal(f"get_{singular}")
    found = next((entry for entry in entries(place) if entry["id"] == entry_id), None)
    if found is None:
        raise NotFound(f"Could not find {singular}: {entry_id}.")
    return found


def list_projects_of(session: Session, user_id: str, place: Place, query: Query) -> list[Entry]:
    """The projects in which a user has a role. Raises Forbidden, and NotFound to an admin."""
    if session.user.id != user_id and not _is_admin(session):
        raise _refusal("list_user_projects")
    user = place.directory.users.get(user_id)
    if user is None:
        raise NotFound(f"Could not find user: {user_id}.")
    found = place.directory.projects_of(user)
    return _chosen([documents.project(each, place.base_url) for each in found], query)


def _chosen(entries: list[Entry], query: Query) -> list[Entry]:
    """Those with the attributes that the query names. What names no attribute is ignored.

    That includes ``limit``: lists are whole. But who asks on behind a marker gets to an end.
    """
    wanted = dict(query)
    chosen = [
        entry
        for entry in entries
        if all(_is(entry[key], text) for key, text in wanted.items() if key in entry)
    ]
    ids = [entry["id"] for entry in chosen]
    marker = wanted.get("marker")
    return chosen[ids.index(marker) + 1 :] if marker in ids else chosen


def _is(value: object, text: str) -> bool:
    if isinstance(value, bool):
        return value is is_true(text)
    return value == text


def _is_admin(session: Session) -> bool:
    return "admin" in session.roles


def _refusal(action: str) -> Forbidden:
    text = f"You are not authorized to perform the requested action: identity:{action}."
    return Forbidden(text)


def _projects(place: Place) -> list[Entry]:
    return [documents.project(each, place.base_url) for each in place.directory.projects.values()]


def _users(place: Place) -> list[Entry]:
    return [documents.user(each, place.base_url) for each in place.directory.users.values()]


def _own_project(session: Session, project_id: str) -> bool:
    return session.project is not None and session.project.id == project_id


def _own_domain(session: Session, domain_id: str) -> bool:
    return session.project is not None and domain_id == DOMAIN_ID


def _self(session: Session, user_id: str) -> bool:
    return session.user.id == user_id


KINDS: dict[str, _Kind] = {
    "projects": _Kind("project", _projects, _own_project),
    "users": _Kind("user", _users, _self),
    "domains": _Kind("domain", lambda place: [documents.domain(place.base_url)], _own_domain),
    "roles": _Kind(
        "role", lambda place: [documents.role(name, place.base_url) for name in ROLE_NAMES]
    ),
    "services": _Kind("service", lambda place: documents.services(place.base_url, place.region)),
    "endpoints": _Kind("endpoint", lambda place: documents.endpoints(place.base_url, place.region)),
    "regions": _Kind(
        "region",
        lambda place: [documents.region(place.region, place.base_url)],
        lambda _session, _id: True,
        listed_to_all=True,
    ),
}
