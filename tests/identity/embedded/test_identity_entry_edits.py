"""Entries of the identity file are replaced within the limits of the file."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.errors import Forbidden
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_edits import replace_entry
from glimpse.identity.embedded.standard_roles import role_id_of
from tests.identity.embedded.edited_document import DOCUMENT

Change = Callable[[dict[str, Any], Directory], object]
WITHOUT_ENTRY = {"domains": "default", "roles": role_id_of("a role without an entry")}


def change(section: str, entry_id: str, **values: Any) -> Change:
    """Return a change of the fields `values` of an entry."""

    def write(document: dict[str, Any], directory: Directory) -> object:
        old = getattr(directory, section)[entry_id]
        return replace_entry(document, directory, section, old, replace(old, **values))

    return write


@pytest.mark.parametrize("section", WITHOUT_ENTRY)
def test_update_adds_no_entry_to_a_full_section(
    monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    document = copy.deepcopy(DOCUMENT)
    add = change(section, WITHOUT_ENTRY[section], description="new")
    monkeypatch.setitem(limits.MAX_ENTRIES, section, len(document[section]))
    with pytest.raises(Forbidden, match=f"{section}, and there can be no more"):
        add(document, parse_directory(document))
    assert document == DOCUMENT
    monkeypatch.setitem(limits.MAX_ENTRIES, section, len(document[section]) + 1)
    add(document, parse_directory(document))
    assert len(document[section]) == len(DOCUMENT[section]) + 1


@pytest.mark.parametrize(
    "grow",
    [
        change("domains", "default", description="new"),
        change("roles", WITHOUT_ENTRY["roles"], description="new"),
        change("projects", "p", description="new"),
    ],
)
def test_update_adds_nothing_to_a_full_file(monkeypatch: pytest.MonkeyPatch, grow: Change) -> None:
    document = copy.deepcopy(DOCUMENT)
    monkeypatch.setattr(limits, "MAX_BYTES", len(orjson.dumps(document)))
    with pytest.raises(Forbidden, match="bytes"):
        grow(document, parse_directory(document))


LONG_ID = "0" * 32


@pytest.mark.parametrize("section", ["domains", "projects", "users", "roles"])
def test_new_name_does_not_lengthen_references_in_a_full_file(
    monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    reference = {"user": "b", "project": "b", "roles": ["b"], "secret_hash": "x", "name": "b"}
    document: dict[str, Any] = {
        "domains": [{"id": LONG_ID, "name": "b"}],
        "projects": [{"id": LONG_ID, "name": "b"}],
        "roles": [{"id": LONG_ID, "name": "b"}],
        "users": [
            {"id": LONG_ID, "name": "b", "password": "x"}
            | {"roles": {"b": ["b"]}, "domain_roles": {"b": ["b"]}}
        ],
        "application_credentials": [{"id": "c", **reference}],
    }
    rename = change(section, LONG_ID, name="c")
    monkeypatch.setattr(limits, "MAX_BYTES", len(orjson.dumps(document)))
    with pytest.raises(Forbidden, match="bytes"):
        rename(document, parse_directory(document))


def test_entry_may_shrink_in_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 1)
    document = copy.deepcopy(DOCUMENT)
    change("domains", "d", name="A")(document, parse_directory(document))
    assert document["domains"][0]["name"] == "A"
