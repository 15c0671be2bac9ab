"""valid_entries: separates the valid from the invalid entries of the identity file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Entry = Mapping[str, Any]
_Check = Callable[[Any], bool]  # takes a value, returns True if it has the right type


def valid_entries(
    kind: str, entries: Iterable[Any], invalid_entries: dict[str, str]
) -> Iterator[Entry]:
    """Yield the valid entries of `entries`, in their order; record the invalid entries.

    `kind` is a key of _SCHEMAS, such as ``project``. A valid entry is an object with all fields
    that the schema requires. No required or optional field of the schema has a value of the wrong
    type. Other fields are not checked.

    When the iteration reaches an invalid entry, `invalid_entries` gets the reason. The key is the
    id of the entry, or the text ``None`` if the entry has no id. If the entry is not an object, the
    key is its place, such as ``project 1 of the file`` for the first project.
    """
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            invalid_entries[f"{kind} {number} of the file"] = (
                f"a {type(entry).__name__}, not an object"
            )
            continue
        name = _find_invalid_field(entry, _SCHEMAS[kind])
        if name is None:
            yield entry
        else:
            invalid_entries[str(entry.get("id"))] = f"{name} is missing or of the wrong type"


def is_printable_time(seconds: object) -> bool:
    """Return True if `seconds` is None, or a POSIX time in the years 1 to 9999 in UTC.

    Returns False for any other value, for example a string or a boolean.
    """
    if seconds is None:
        return True
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return True


class _EntrySchema(NamedTuple):
    """The fields of an entry: names of required strings, and a check for each optional field."""

    required_texts: tuple[str, ...]
    optional_fields: Mapping[str, _Check]


def _find_invalid_field(entry: Entry, schema: _EntrySchema) -> str | None:
    """Return the name of a field that is missing or has the wrong type; None if all are valid.

    A user needs a ``password`` or a ``password_hash``, in addition to ``schema.required_texts``.
    Fields that `schema` does not have are not checked.
    """
    for name, check in schema.optional_fields.items():
        if name in entry and not check(entry[name]):
            return name
    texts = schema.required_texts
    if schema is _SCHEMAS["user"]:
        texts = (*texts, "password_hash" if entry.get("password") is None else "password")
    return next((name for name in texts if not isinstance(entry.get(name), str)), None)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_optional_text(value: object) -> bool:
    return isinstance(value, str | None)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _are_assignments(value: object) -> bool:
    """Return True if `value` is an object whose values are lists of strings.

    The keys are ids or names of projects or domains. The strings are ids or names of roles.
    """
    return isinstance(value, dict) and all(map(_is_list_of_texts, value.values()))


_MORE: dict[str, _Check] = {"options": _is_object, "extra": _is_object}
_NAMESPACE: dict[str, _Check] = {
    "enabled": _is_flag,
    "description": _is_optional_text,
    "tags": _is_list_of_texts,
    **_MORE,
}
_USER: dict[str, _Check] = {
    "roles": _are_assignments,
    "domain_roles": _are_assignments,
    "system_roles": _is_list_of_texts,
    "enabled": _is_flag,
    "domain_id": _is_optional_text,
    "email": _is_optional_text,
    "description": _is_optional_text,
    "default_project_id": _is_optional_text,
    "disabled_at": is_printable_time,
    **_MORE,
}
_CREDENTIAL: dict[str, _Check] = {
    "roles": lambda value: not value or _is_list_of_texts(value),
    "description": _is_optional_text,
    "unrestricted": _is_flag,
    "expires_at": is_printable_time,
    "access_rules": _is_list_of_texts,
}
_TEXTS: dict[str, _Check] = dict.fromkeys(
    ("name", "description", "domain_id", "region_id", "parent_region_id"), _is_optional_text
)
_CATALOG: dict[str, _Check] = {**_TEXTS, "enabled": _is_flag, "extra": _is_object}
# By the kind of an entry, as messages name it.
_SCHEMAS = {
    "domain": _EntrySchema(("id", "name"), _NAMESPACE),
    "project": _EntrySchema(
        ("id", "name"),
        {**_NAMESPACE, "domain_id": _is_optional_text, "parent_id": _is_optional_text},
    ),
    "user": _EntrySchema(("id", "name"), _USER),
    "role": _EntrySchema(("id", "name"), {**_TEXTS, **_MORE}),
    "implied role": _EntrySchema(("prior_role", "implied_role"), {}),
    "application credential": _EntrySchema(
        ("id", "name", "user", "project", "secret_hash"), _CREDENTIAL
    ),
    "access rule": _EntrySchema(("id", "user", "service", "method", "path"), {}),
    "region": _EntrySchema(("id",), _CATALOG),
    "service": _EntrySchema(("id", "type"), _CATALOG),
    "endpoint": _EntrySchema(("id", "service_id", "interface", "url"), _CATALOG),
}
