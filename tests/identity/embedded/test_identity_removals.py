"""Removing something from the identity file removes what belongs to it, and nothing else."""

from glimpse.identity.embedded import identity_removals
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.standard_roles import role_id_of
from tests.identity.embedded.edited_document import edited


def test_removed_user_leaves_no_credentials() -> None:
    _, directory = edited(
        lambda document, old: identity_removals.remove_users(document, old, {"u"})
    )
    assert set(directory.users) == {"v"}
    assert set(directory.application_credentials) == {"e"}


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
    assert set(directory.application_credentials) == {"f"}


def test_project_is_removed_though_a_user_has_an_invalid_default_project() -> None:
    user = {"id": "w", "name": "w", "password": "x", "default_project_id": ["p"]}
    projects = [{"id": "p", "name": "p"}]
    document = {"projects": projects, "users": [user], "application_credentials": []}
    identity_removals.remove_projects(document, parse_directory(document), {"p"})
    assert document["projects"] == []
    assert document["users"] == [{**user, "default_project_id": ["p"]}]


def test_removed_role_leaves_no_assignments_implications_and_credentials() -> None:
    document, directory = edited(
        lambda document, old: identity_removals.remove_roles(document, old, {"r"})
    )
    assert directory.users["u"].roles == {"p": (role_id_of("member"),), "q": ("s",)}
    assert "r" not in directory.implied_roles
    assert directory.implied_roles["s"] == (role_id_of("member"),)
    assert "an invalid entry" in document["implied_roles"]
    assert set(directory.application_credentials) == {"c", "e"}
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
    assert set(directory.application_credentials) == {"c"}
    assert [each["id"] for each in document["roles"]] == ["r"]
