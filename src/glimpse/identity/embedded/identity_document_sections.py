"""Finds and removes entries in the document of ``identity.json``.

A section, such as ``users``, is a list of entries. Operators edit the file, so an entry may be
something other than an object.
"""

from collections.abc import Collection
from typing import Any

Document = dict[str, Any]
Entry = dict[str, Any]


def section_of(document: Document, section: str) -> list[Any]:
    """Return the list of a section, such as ``users``. Changing the list changes `document`.

    If the section is missing or not a list, sets the section to an empty list.
    """
    if not isinstance(document.get(section), list):
        document[section] = []
    found: list[Any] = document[section]
    return found


def find_entry(document: Document, section: str, entry_id: str) -> Entry | None:
    """Return the entry of a section with the id `entry_id`, or None.

    If several entries have the id, returns the last one.
    """
    entries = reversed(section_of(document, section))
    return next((each for each in entries if value_of(each, "id") == entry_id), None)


def remove_entries(document: Document, section: str, ids: Collection[str]) -> None:
    """Remove all entries of a section whose id is in `ids`; change `document` in place."""
    entries = section_of(document, section)
    document[section] = [each for each in entries if value_of(each, "id") not in ids]


def value_of(entry: object, name: str) -> Any:
    """Return the value `name` of `entry`; None if `entry` has no such value or is no object."""
    return entry.get(name) if isinstance(entry, dict) else None
