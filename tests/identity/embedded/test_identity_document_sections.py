"""Sections of the identity file are found, also if the file lacks them or has odd entries."""

from typing import Any

from glimpse.identity.embedded.identity_document_sections import find_entry, section_of


def test_entry_is_found_by_id_and_sections_are_added() -> None:
    document: dict[str, Any] = {
        "users": [{"id": "u", "name": "a"}, "odd", {"id": "u", "name": "b"}]
    }
    assert find_entry(document, "users", "u") == {"id": "u", "name": "b"}
    assert find_entry(document, "regions", "u") is None
    assert section_of(document, "regions") == []
    assert document["regions"] == []
