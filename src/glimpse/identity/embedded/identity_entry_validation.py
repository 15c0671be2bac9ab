"""valid_entries: separates the valid from the invalid entries of the identity file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Entry = Mapping[str, Any]


def valid_entries(
    kind: str, entries: Iterable[Any], invalid_entries: dict[str, str]
) -> Iterator[Entry]:
    """Yield the valid ones of `entries`, which are of one `kind`, in their order.

    `kind` is ``project``, ``user`` or ``application credential``. An entry is valid if it is an
    object in which each value that `parse_directory` lists has the right type, and none that is
    required is missing. The others are added to `invalid_entries` meanwhile, with their id (or
    their number, if they are no objects) and the reason.
    """
    find_invalid_value = _CHECKS[kind]
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            invalid_entries[f"{kind} {number} of the file"] = (
                f"a {type(entry).__name__}, not an object"
            )
            continue
        name = find_invalid_value(entry)
        if name is None:
            yield entry
        else:
            invalid_entries[str(entry.get("id"))] = f"{name} is missing or of the wrong type"


def _invalid_value_of_project(entry: Entry) -> str | None:
    """Return the name of a value of a project that is missing or of the wrong type, or None."""
    if not isinstance(entry.get("enabled", True), bool):
        return "enabled"
    return _first_non_string(entry, ("id", "name"))


def _invalid_value_of_user(entry: Entry) -> str | None:
    """Return the name of a value of a user that is missing or of the wrong type, or None.

    Required are an id, a name, and a password or a hash.
    """
    roles = entry.get("roles", {})
    if not isinstance(roles, dict) or not all(map(_is_list_of_strings, roles.values())):
        return "roles"
    if not isinstance(entry.get("enabled", True), bool):
        return "enabled"
    password = "password_hash" if entry.get("password") is None else "password"
    return _first_non_string(entry, ("id", "name", password))


def _invalid_value_of_credential(entry: Entry) -> str | None:
    """Return the name of a value of a credential that is missing or has a wrong type, or None.

    Required are strings as id, name, user, project and secret_hash. An ``expires_at`` must be a
    time that can be printed.
    """
    if entry.get("roles") and not _is_list_of_strings(entry["roles"]):
        return "roles"
    if not isinstance(entry.get("description"), str | None):
        return "description"
    if not isinstance(entry.get("unrestricted", False), bool):
        return "unrestricted"
    if not is_printable_time(entry.get("expires_at")):
        return "expires_at"
    return _first_non_string(entry, ("id", "name", "user", "project", "secret_hash"))


_CHECKS: dict[str, Callable[[Entry], str | None]] = {
    "project": _invalid_value_of_project,
    "user": _invalid_value_of_user,
    "application credential": _invalid_value_of_credential,
}


def is_printable_time(seconds: object) -> bool:
    """Return True if `seconds` is None, or a POSIX time in the years 1 to 9999 in UTC."""
    if seconds is None:
        return True
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def _first_non_string(entry: Entry, names: Iterable[str]) -> str | None:
    return next((name for name in names if not isinstance(entry.get(name), str)), None)


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
