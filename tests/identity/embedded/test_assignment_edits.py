"""Adding and removing assignments in the identity file keeps all others."""

from typing import Any

import pytest

from glimpse.identity.embedded.assignment_edits import add_assignment, remove_assignments
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.standard_roles import role_id_of
from tests.identity.embedded.edited_document import DOCUMENT, edited


@pytest.mark.parametrize(
    "assignment",
    [
        Assignment("v", "r", project_id="p"),
        Assignment("v", role_id_of("admin"), domain_id="d"),
        Assignment("v", role_id_of("reader")),
    ],
)
def test_added_assignment_is_kept_once_beside_the_others(assignment: Assignment) -> None:
    def add(document: dict[str, Any], old: Directory) -> None:
        add_assignment(document, old, assignment)
        add_assignment(document, parse_directory(document), assignment)

    before = parse_directory(DOCUMENT).users
    _, directory = edited(add)
    assert sorted(directory.users["v"].assignments, key=str) == sorted(
        [*before["v"].assignments, assignment], key=str
    )
    assert directory.users["u"] == before["u"]


def test_removed_assignment_leaves_the_others() -> None:
    removed = Assignment("u", role_id_of("member"), project_id="p")
    before = parse_directory(DOCUMENT).users["u"]
    _, directory = edited(
        lambda document, old: remove_assignments(document, old, lambda each: each == removed)
    )
    assert directory.users["u"].assignments == [
        each for each in before.assignments if each != removed
    ]
