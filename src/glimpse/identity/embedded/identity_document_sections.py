"""Sections of the document in ``identity.json``: finds and removes their entries.

A section, such as ``users``, is a list. Operators edit the file: an entry may be no object.
"""

from collections.abc import Collection
from typing import Any

Document = dict[str, Any]
Entry = dict[str, Any]


def section_of(document: Document, section: str) -> list[Any]:
    """Return the list of a section, such as ``users``: a change of it changes `document`.

    Sets the section to an empty list if it is missing, or not a list.
    """
    if not isinstance(document.get(section), list):
        document[section] = []
    found: list[Any] = document[section]
    return found


def find_entry(document: Document, section: str, entry_id: str) -> Entry | None:
    """Return the entry of a section with this id, or None. Of several, the last one counts."""
    entries = reversed(section_of(document, section))
    return next((each for each in entries if value_of(each, "id") == entry_id), None)


def remove_entries(document: Document, section: str, ids: Collection[str]) -> None:
    """Remove the entries of a section that have one of `ids`."""
    entries = section_of(document, section)
    document[section] = [each for each in entries if value_of(each, "id") not in ids]


def value_of(entry: object, name: str) -> Any:
    """Return the value `name` of an entry; None if the entry is no object, or has none."""
    return entry.get(name) if isinstance(entry, dict) else None
