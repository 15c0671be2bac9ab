"""References by name in the identity file outlast a change of the name."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_edits import replace_entry
from glimpse.identity.embedded.reference_edits import refer_by_id
from tests.identity.embedded.edited_document import DOCUMENT, edited


@pytest.mark.parametrize(
    ("kind", "old_id", "expected"),
    [
        ("projects", "p", {"roles": {"p": ["member", "auditor"], "q": ["s"]}}),
        ("domains", "d", {"domain_roles": {"d": ["reader"]}}),
        ("users", "u", {}),
    ],
)
def test_references_by_name_stay_when_the_name_changes(
    kind: str, old_id: str, expected: dict[str, Any]
) -> None:
    def rename(document: dict[str, Any], directory: Directory) -> None:
        old = getattr(directory, kind)[old_id]
        replace_entry(document, directory, kind, old, replace(old, name="renamed"))

    document, directory = edited(rename)
    before = parse_directory(DOCUMENT)
    assert getattr(directory, kind)[old_id].name == "renamed"
    assert [each.assignments for each in directory.users.values()] == [
        each.assignments for each in before.users.values()
    ]
    assert directory.application_credentials == before.application_credentials
    assert document["users"][0].items() >= expected.items()


def test_renamed_project_keeps_roles_under_its_name_and_its_id() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["users"][0]["roles"] = {"GOLD": ["member"], "p": ["reader"], "nowhere": "invalid"}
    directory = parse_directory({**document, "users": DOCUMENT["users"]})
    refer_by_id(document, directory, directory.projects["p"])
    assert document["users"][0]["roles"] == {"p": ["member", "reader"], "nowhere": "invalid"}


def test_project_is_renamed_though_the_domain_id_of_a_user_is_no_string() -> None:
    document = copy.deepcopy(DOCUMENT)
    invalid = {"id": "w", "name": "w", "domain_id": ["default"], "roles": {"gold": ["member"]}}
    document["users"].append(copy.deepcopy(invalid))
    directory = parse_directory(document)
    refer_by_id(document, directory, directory.projects["p"])
    assert document["users"][-1] == invalid
