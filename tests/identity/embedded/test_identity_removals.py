"""Edits of the identity file remove what belongs to a removed thing, and nothing else."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from glimpse.identity.embedded import identity_removals, reference_edits
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_edits import replace_entry
from glimpse.identity.embedded.standard_roles import role_id_of

CREDENTIAL = {"secret_hash": "x", "roles": ["reader"]}
DOCUMENT: dict[str, Any] = {
    "domains": [{"id": "d", "name": "Acme"}],
    "projects": [
        "an invalid entry",
        {"id": "p", "name": "gold"},
        {"id": "q", "name": "silver", "domain_id": "d"},
    ],
    "roles": [{"id": "r", "name": "auditor"}, {"id": "s", "name": "owner", "domain_id": "d"}],
    "implied_roles": [
        "an invalid entry",
        {"prior_role": "auditor", "implied_role": "reader"},
        {"prior_role": "s", "implied_role": "member"},
    ],
    "users": [
        {
            "id": "u",
            "name": "demo",
            "password": "x",
            "default_project_id": "p",
            "roles": {"gold": ["member", "auditor"], "q": ["s"]},
            "domain_roles": {"Acme": ["reader"]},
            "system_roles": ["admin", "a role without an entry"],
        },
        {
            "id": "v",
            "name": "demo",
            "domain_id": "d",
            "password": "x",
            "roles": {"p": ["reader"]},
            "default_project_id": "q",
        },
    ],
    "application_credentials": [
        {"id": "c", "name": "a", "user": "demo", "project": "gold", **CREDENTIAL},
        {"id": "e", "name": "b", "user": "v", "project": "p", **CREDENTIAL},
        {"id": "f", "name": "c", "user": "u", "project": "q", **CREDENTIAL, "roles": ["auditor"]},
    ],
}
Edit = Callable[[dict[str, Any], Directory], None]


def edited(edit: Edit) -> tuple[dict[str, Any], Directory]:
    """Apply `edit` to a copy of DOCUMENT; return the document and its directory.

    Checks that nothing in the file refers to something that is gone.
    """
    document = copy.deepcopy(DOCUMENT)
    invalid = parse_directory(document).invalid_entries
    edit(document, parse_directory(document))
    directory = parse_directory(document)
    assert directory.invalid_entries == invalid
    return document, directory


def test_removed_user_leaves_no_credentials() -> None:
    _, directory = edited(
        lambda document, old: identity_removals.remove_users(document, old, {"u"})
    )
    assert set(directory.users) == {"v"}
    assert set(directory.credentials) == {"e"}


def test_removed_project_leaves_no_assignments_credentials_and_default_projects() -> None:
    document, directory = edited(
        lambda document, old: identity_removals.remove_projects(document, old, {"p"})
    )
    assert set(directory.projects) == {"q"}
    assert "an invalid entry" in document["projects"]
    assert directory.users["u"].roles == {"q": ("s",)}
    assert directory.users["u"].default_project_id is None
    assert directory.users["v"].default_project_id == "q"
    assert directory.users["v"].roles == {}
    assert set(directory.credentials) == {"f"}


def test_removed_role_leaves_no_assignments_implications_and_credentials() -> None:
    document, directory = edited(
        lambda document, old: identity_removals.remove_roles(document, old, {"r"})
    )
    assert directory.users["u"].roles == {"p": (role_id_of("member"),), "q": ("s",)}
    assert "r" not in directory.implied_roles
    assert directory.implied_roles["s"] == (role_id_of("member"),)
    assert "an invalid entry" in document["implied_roles"]
    assert set(directory.credentials) == {"c", "e"}
    assert "auditor" not in str(document)


def test_removed_domain_leaves_nothing_that_belongs_to_it() -> None:
    document, directory = edited(
        lambda document, old: identity_removals.remove_domain(document, old, "d")
    )
    assert set(directory.domains) == {"default"}
    assert set(directory.projects) == {"p"}
    assert set(directory.users) == {"u"}
    assert directory.users["u"].roles == {"p": (role_id_of("member"), "r")}
    assert directory.users["u"].domain_roles == {}
    assert directory.users["u"].system_roles == (
        role_id_of("admin"),
        role_id_of("a role without an entry"),
    )
    assert set(directory.credentials) == {"c"}
    assert [each["id"] for each in document["roles"]] == ["r"]


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
        identity_removals.add_assignment(document, old, assignment)
        identity_removals.add_assignment(document, parse_directory(document), assignment)

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
        lambda document, old: identity_removals.remove_assignments(
            document, old, lambda each: each == removed
        )
    )
    assert directory.users["u"].assignments == [
        each for each in before.assignments if each != removed
    ]


def test_entry_is_found_by_id_and_sections_are_added() -> None:
    document: dict[str, Any] = {
        "users": [{"id": "u", "name": "a"}, "odd", {"id": "u", "name": "b"}]
    }
    assert identity_removals.find_entry(document, "users", "u") == {"id": "u", "name": "b"}
    assert identity_removals.find_entry(document, "regions", "u") is None
    assert identity_removals.section_of(document, "regions") == []
    assert document["regions"] == []


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
    assert directory.credentials == before.credentials
    assert document["users"][0].items() >= expected.items()


def test_renamed_project_keeps_roles_under_its_name_and_its_id() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["users"][0]["roles"] = {"GOLD": ["member"], "p": ["reader"], "nowhere": "invalid"}
    directory = parse_directory({**document, "users": DOCUMENT["users"]})
    reference_edits.refer_by_id(document, directory, directory.projects["p"])
    assert document["users"][0]["roles"] == {"p": ["member", "reader"], "nowhere": "invalid"}
