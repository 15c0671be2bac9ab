"""What creating, updating and deleting entries of the identity file have in common.

Adds and replaces entries, and checks size limits, ids and the option ``immutable``.
"""

from collections.abc import Container, Mapping
from dataclasses import fields, replace
from typing import Any, Protocol, TypeVar

import orjson

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
)
from glimpse.identity.embedded.errors import BadRequest, Forbidden
from glimpse.identity.embedded.identity_document_sections import Document, find_entry, section_of
from glimpse.identity.embedded.identity_entry_rendering import entry_of, user_entry
from glimpse.identity.embedded.reference_edits import refer_by_id

_Entry = TypeVar("_Entry", Domain, Project, User, Role, Region, Service, Endpoint)


class _WithOptions(Protocol):
    """A domain, project, user or role."""

    @property
    def id(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Any]: ...


def add_entry(document: Document, directory: Directory, section: str, new: _Entry) -> _Entry:
    """Add an entry to a section, and return it.

    Raises Forbidden if the section has as many as `limits.MAX_ENTRIES` allows, or if the
    document would have more than `limits.MAX_BYTES`.
    """
    entries = section_of(document, section)
    if len(entries) >= limits.MAX_ENTRIES[section]:
        raise Forbidden(f"There are {len(entries)} {section}, and there can be no more.")
    entries.append(_written(new, directory))
    _check_size(document)
    return new


def replace_entry(
    document: Document, directory: Directory, section: str, old: _Entry, new: _Entry
) -> _Entry:
    """Write the fields in which `new` differs from `old` to its entry in a section; return `new`.

    The other values of the entry stay as they are. References to it by its old name become
    references by id. If the section has no entry with the id of `old`, as for the domain Default at
    first, the entry is added. Raises Forbidden if the entry grows, and the document would then have
    more than `limits.MAX_BYTES`.
    """
    if isinstance(old, Domain | Project | User) and old.name != new.name:
        refer_by_id(document, directory, old)
    entry = find_entry(document, section, old.id)
    written = _written(new, directory)
    if entry is None:
        section_of(document, section).append(written)
        return new
    size = len(orjson.dumps(entry))
    for name in (each.name for each in fields(new)):
        if getattr(old, name) != getattr(new, name):
            entry.pop(name, None)
            if name in written:
                entry[name] = written[name]
    if len(orjson.dumps(entry)) > size:
        _check_size(document)
    return new


def _check_size(document: Document) -> None:
    """Raise Forbidden if the document has more than `limits.MAX_BYTES`."""
    if len(orjson.dumps(document)) > limits.MAX_BYTES:
        raise Forbidden(f"The identity file would have more than {limits.MAX_BYTES} bytes.")


def _written(value: _Entry, directory: Directory) -> dict[str, Any]:
    """Return `value` as an entry of its section."""
    return user_entry(value, directory.roles) if isinstance(value, User) else entry_of(value)


_Container = TypeVar("_Container", Domain, Project)


def merge_attributes(
    old: _Container, values: Mapping[str, Any], known: Container[str]
) -> _Container:
    """Return a domain or project with the attributes that a request changes.

    `values` are the validated attributes of the request; those that it does not have stay. `known`
    are the names of attributes: all others are additional ones (see `merge_extra`).
    """
    return replace(
        old,
        name=values.get("name", old.name).strip(),
        enabled=values.get("enabled", old.enabled),
        description=values.get("description", old.description),
        tags=tuple(values.get("tags", old.tags)),
        options=merge_options(old.options, values.get("options", {})),
        extra=merge_extra(old.extra, values, known),
    )


def merge_options(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return resource options after a change: null removes one."""
    return {name: value for name, value in {**old, **changes}.items() if value is not None}


def merge_extra(
    old: Mapping[str, Any], values: Mapping[str, Any], known: Container[str]
) -> dict[str, Any]:
    """Return ``extra`` of an entry after a change: `old`, and those of `values` not in `known`."""
    return {**old, **{name: value for name, value in values.items() if name not in known}}


def check_same_id(entry_id: str, values: Mapping[str, Any]) -> None:
    """Raise BadRequest if `values`, the changes of an entry, have another id than the entry."""
    if values.get("id", entry_id) != entry_id:
        raise BadRequest("Cannot change ID")


def check_updatable(kind: str, entry: _WithOptions, changes: Mapping[str, Any]) -> None:
    """Raise Forbidden if `entry` is immutable, unless `changes` only reset that option.

    `kind`, such as ``domain``, is for the message.
    """
    options = changes.get("options", {})
    is_made_mutable = len(changes) == 1 and not options.get("immutable", True)
    if entry.options.get("immutable") and not is_made_mutable:
        raise Forbidden(f"The {kind} {entry.id} is immutable: reset its option immutable first.")


def check_deletable(kind: str, entry: _WithOptions) -> None:
    """Raise Forbidden if `entry` is immutable. `kind` is for the message."""
    if entry.options.get("immutable"):
        raise Forbidden(f"The {kind} {entry.id} is immutable: reset its option immutable first.")
