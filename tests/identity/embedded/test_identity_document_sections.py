"""Sections of the identity file are found, also if the file lacks them or has odd entries."""

from typing import Any

import pytest

from glimpse.identity.embedded.identity_document_sections import (
    find_entry,
    remove_entries,
    section_of,
)
from glimpse.identity.embedded.private_files import InvalidStateFile


def test_entry_is_found_by_id_and_sections_are_added() -> None:
    document: dict[str, Any] = {
        "users": [{"id": "u", "name": "a"}, "odd", {"id": "u", "name": "b"}]
    }
    assert find_entry(document, "users", "u") == {"id": "u", "name": "b"}
    assert find_entry(document, "regions", "u") is None
    assert section_of(document, "regions") == []
    assert document["regions"] == []


def test_entries_whose_id_is_no_string_are_kept_when_others_are_removed() -> None:
    odd: list[Any] = [{"id": ["u"]}, {"id": {}}, {"id": None}, {}, "u", None]
    document: dict[str, Any] = {"users": [{"id": "u"}, *odd, {"id": "v"}]}
    remove_entries(document, "users", {"u"})
    assert document == {"users": [*odd, {"id": "v"}]}


@pytest.mark.parametrize("content", [{"u": {"name": "a"}}, {}, "users", "", 0, False])
def test_section_that_is_no_list_is_never_overwritten(content: object) -> None:
    document: dict[str, Any] = {"users": content}
    with pytest.raises(InvalidStateFile, match=r"^users: "):
        section_of(document, "users")
    with pytest.raises(InvalidStateFile, match=r"^users: "):
        remove_entries(document, "users", ["u"])
    assert document == {"users": content}
