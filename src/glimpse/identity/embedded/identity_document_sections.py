"""Finds and removes entries in the document of ``identity.json``.

A section, such as ``users``, is a list of entries. Operators edit the file, so an entry may be
something other than an object.
"""

from collections.abc import Collection, Mapping
from typing import Any

from glimpse.identity.embedded.private_files import InvalidStateFile

Document = dict[str, Any]
Entry = dict[str, Any]


def read_section(document: Mapping[str, Any], section: str) -> list[Any]:
    """Return the list of a section, such as ``users``.

    If the section is missing or null, returns a new empty list. Raises InvalidStateFile if the
    section is neither null nor a list.
    """
    entries = document.get(section)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise InvalidStateFile(f"{section}: has to be a list of objects")
    return entries


def section_of(document: Document, section: str) -> list[Any]:
    """Return the list of a section, such as ``users``. Changing the list changes `document`.

    If the section is missing or null, sets the section to an empty list. Raises InvalidStateFile if
    the section is neither null nor a list; the section stays as it is.
    """
    found = document[section] = read_section(document, section)
    return found


def find_entry(document: Document, section: str, entry_id: str) -> Entry | None:
    """Return the entry of a section with the id `entry_id`; None if there is no such entry.

    If several entries have the id, returns the last one. Changing the entry changes `document`. If
    the section is missing, an empty section is added. Raises InvalidStateFile if the section is not
    a list.
    """
    entries = reversed(section_of(document, section))
    return next((each for each in entries if value_of(each, "id") == entry_id), None)


def remove_entries(document: Document, section: str, ids: Collection[str]) -> None:
    """Remove all entries of a section whose id is in `ids`; change `document` in place.

    Entries that are not objects, or whose id is not a string, stay. If the section is missing, an
    empty section is added. Raises InvalidStateFile if the section is not a list.
    """
    entries = section_of(document, section)
    document[section] = [each for each in entries if not has_value(each, "id", ids)]


def value_of(entry: object, name: str) -> Any:
    """Return the value `name` of `entry`; None if `entry` has no such value or is no object."""
    return entry.get(name) if isinstance(entry, dict) else None


def has_value(entry: object, name: str, values: Collection[str]) -> bool:
    """Return True if the value `name` of `entry` is one of `values`.

    Returns False if `entry` is no object, has no such value, or has a value that is not a string.
    """
    value = value_of(entry, name)
    return isinstance(value, str) and value in values
