"""The common steps of creating, updating and deleting entries of the identity file.

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
from glimpse.identity.embedded.reference_edits import refer_by_id, refer_to_role_by_id

_Entry = TypeVar("_Entry", Domain, Project, User, Role, Region, Service, Endpoint)


class _WithOptions(Protocol):
    """A domain, project, user or role: an object with an id and resource options."""

    @property
    def id(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Any]: ...


def add_entry(document: Document, directory: Directory, section: str, new: _Entry) -> _Entry:
    """Append `new` to a section of `document`, in place; return `new`.

    The caller checks before the call that no entry has the id or the name of `new`. `directory` is
    the Directory of `document`. If the section is missing, the section is added.

    Raises Forbidden if the section already has as many entries as `limits.MAX_ENTRIES` allows, or
    if `document` with `new` has more than `limits.MAX_BYTES`. After an error, discard `document`,
    as `IdentityFile.change` does: `document` may have the new entry.
    """
    _append(document, section, _written(new, directory))
    check_size(document)
    return new


def replace_entry(
    document: Document, directory: Directory, section: str, old: _Entry, new: _Entry
) -> _Entry:
    """Write the changes from `old` to `new` to the entry in a section, in place; return `new`.

    Only the fields in which `new` differs from `old` are written. If such a field has its default
    value in `new`, the field is removed from the entry. If no entry has the id of `old`, an entry
    is added: the domain Default, for example, may have none. If the name of a domain, project, user
    or role changes, references by the old name become references by id. `directory` is the
    Directory of `document`.

    Raises Forbidden if an entry would be added, and the section already has as many entries as
    `limits.MAX_ENTRIES` allows. Raises Forbidden, too, if `document` grows to more than
    `limits.MAX_BYTES`. After an error, discard `document`, which may have the changes.
    """
    size = _size(document)
    _refer_by_id(document, directory, old, new)
    entry = find_entry(document, section, old.id)
    written = _written(new, directory)
    if entry is None:
        _append(document, section, written)
    else:
        for name in (each.name for each in fields(new)):
            if getattr(old, name) != getattr(new, name):
                entry.pop(name, None)
                if name in written:
                    entry[name] = written[name]
    check_size(document, size)
    return new


def check_size(document: Document, old_size: int = 0) -> None:
    """Raise Forbidden if `document` is larger than both `limits.MAX_BYTES` and `old_size`.

    `old_size` is the size of `document` before a change, in bytes of JSON without spaces. So a
    document that was too large before may be changed, but may not grow. Call this function after
    each change that may make `document` larger.
    """
    if _size(document) > max(old_size, limits.MAX_BYTES):
        raise Forbidden(f"The identity file would have more than {limits.MAX_BYTES} bytes.")


def _size(document: Document) -> int:
    """Return the number of bytes of `document` as JSON without spaces."""
    return len(orjson.dumps(document))


def _append(document: Document, section: str, entry: dict[str, Any]) -> None:
    """Append `entry` to a section, in place. If the section is missing, the section is added.

    Raises Forbidden if the section already has as many entries as `limits.MAX_ENTRIES` allows.
    """
    entries = section_of(document, section)
    if len(entries) >= limits.MAX_ENTRIES[section]:
        raise Forbidden(f"There are {len(entries)} {section}, and there can be no more.")
    entries.append(entry)


def _refer_by_id(document: Document, directory: Directory, old: _Entry, new: _Entry) -> None:
    """Replace references to `old` by name with references by id, if `new` has another name.

    Changes `document` in place. Does nothing for a role of a domain, because such a role is always
    referred to by id. Does nothing, too, for regions, services and endpoints.
    """
    if isinstance(old, Domain | Project | User) and old.name != new.name:
        refer_by_id(document, directory, old)
    elif isinstance(old, Role) and old.name != new.name and old.domain_id is None:
        refer_to_role_by_id(document, old)


def _written(value: _Entry, directory: Directory) -> dict[str, Any]:
    """Return `value` as an entry of its section, without attributes that have default values."""
    return user_entry(value, directory.roles) if isinstance(value, User) else entry_of(value)


_Container = TypeVar("_Container", Domain, Project)


def merge_attributes(
    old: _Container, values: Mapping[str, Any], known: Container[str]
) -> _Container:
    """Return a copy of `old` with the attributes in `values`, which come from a request.

    The caller has validated `values`. Spaces around the name are removed. Options are merged; an
    option of null is removed. The id, domain and parent of `old` are kept. `known` has the names of
    all attributes of a domain or project. Values with other names are added to ``extra``.
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
    """Return a copy of the resource options `old`, updated with `changes`.

    An option whose value in `changes` is null is removed.
    """
    return {name: value for name, value in {**old, **changes}.items() if value is not None}


def merge_extra(
    old: Mapping[str, Any], values: Mapping[str, Any], known: Container[str]
) -> dict[str, Any]:
    """Return a copy of `old`, the ``extra`` attributes, updated with `values`.

    Values whose names are in `known` are left out.
    """
    return {**old, **{name: value for name, value in values.items() if name not in known}}


def check_same_id(entry_id: str, values: Mapping[str, Any]) -> None:
    """Raise BadRequest if `values` have an ``id`` other than `entry_id`.

    A missing ``id`` and an ``id`` of null are allowed.
    """
    if values.get("id") not in (None, entry_id):
        raise BadRequest("Cannot change ID")


def check_updatable(kind: str, entry: _WithOptions, changes: Mapping[str, Any]) -> None:
    """Raise Forbidden if `entry` is immutable, unless `changes` make it mutable.

    The `changes` of an immutable entry must have the attribute ``options``, with ``immutable``
    false or null, and no other attribute. ``options`` may also change other options. Empty
    `changes` are forbidden. `kind`, such as ``domain``, is for the message.
    """
    options = changes.get("options", {})
    is_made_mutable = len(changes) == 1 and not options.get("immutable", True)
    if entry.options.get("immutable") and not is_made_mutable:
        raise Forbidden(f"The {kind} {entry.id} is immutable: reset its option immutable first.")


def check_mutable(kind: str, entry: _WithOptions) -> None:
    """Raise Forbidden if `entry` is immutable. `kind`, such as ``domain``, is for the message."""
    if entry.options.get("immutable"):
        raise Forbidden(f"The {kind} {entry.id} is immutable: reset its option immutable first.")
