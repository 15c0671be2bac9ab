"""Entries of the identity file: those with values that could not be shown are left out. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Entry = Mapping[str, Any]


def sound(kind: str, entries: Iterable[Any], broken: dict[str, str]) -> Iterator[Entry]:
    """Yield the entries of a kind (user, say) without a fault.

    Says in `broken`, by id, what is wrong with the others.
    """
    fault = _FAULTS[kind]
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            broken[f"{kind} {number} of the file"] = f"a {type(entry).__name__}, not an object"
            continue
        name = fault(entry)
        if name is None:
            yield entry
        else:
            broken[str(entry.get("id"))] = f"{name} is missing or of the wrong type"


def project_fault(entry: Entry) -> str | None:
    """Name the value that no project can have, None if there is none."""
    if not isinstance(entry.get("enabled", True), bool):
        return "enabled"
    return _first_non_text(entry, ("id", "name"))


def user_fault(entry: Entry) -> str | None:
    """Name the value that no user can have, None if there is none."""
    roles = entry.get("roles", {})
    if not isinstance(roles, dict) or not all(map(_are_texts, roles.values())):
        return "roles"
    if not isinstance(entry.get("enabled", True), bool):
        return "enabled"
    password = "password_hash" if entry.get("password") is None else "password"
    return _first_non_text(entry, ("id", "name", password))


def credential_fault(entry: Entry) -> str | None:
    """Name the value that no application credential can have, None if there is none."""
    if entry.get("roles") and not _are_texts(entry["roles"]):
        return "roles"
    if not isinstance(entry.get("description"), str | None):
        return "description"
    if not isinstance(entry.get("unrestricted", False), bool):
        return "unrestricted"
    if not is_moment(entry.get("expires_at")):
        return "expires_at"
    return _first_non_text(entry, ("id", "name", "user", "project", "secret_hash"))


_FAULTS: dict[str, Callable[[Entry], str | None]] = {
    "project": project_fault,
    "user": user_fault,
    "application credential": credential_fault,
}


def is_moment(seconds: object) -> bool:
    """Whether `seconds` since 1970 are a moment that can be printed, or None."""
    if seconds is None:
        return True
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def _first_non_text(entry: Entry, names: Iterable[str]) -> str | None:
    return next((name for name in names if not isinstance(entry.get(name), str)), None)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
