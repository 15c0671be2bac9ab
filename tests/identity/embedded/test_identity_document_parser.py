"""parse_directory: domains, roles, assignments and catalog entries of the identity file."""

from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    Domain,
    Endpoint,
    Project,
    Region,
    Role,
    Service,
    User,
)
from glimpse.identity.embedded.identity_document import complete_document
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_rendering import entry_of, user_entry
from glimpse.identity.embedded.standard_roles import (
    STANDARD_IMPLICATIONS,
    STANDARD_ROLES,
    role_id_of,
)

UNKNOWN_ID = "0123456789abcdef" * 2


def parse(**sections: list[Any]) -> Directory:
    return parse_directory(complete_document(sections))


def parse_user(**values: Any) -> tuple[User, Directory]:
    """Return the user with `values`, parsed with domain Acme and projects in two domains."""
    directory = parse(
        domains=[{"id": "d", "name": "Acme"}],
        roles=[{"id": "r", "name": "auditor"}],
        projects=[{"id": "p", "name": "gold"}, {"id": "q", "name": "gold", "domain_id": "d"}],
        users=[{"id": "u", "name": "demo", "password": "x", **values}],
    )
    return directory.users["u"], directory


def test_file_of_version_0_1_has_the_domain_default_only() -> None:
    directory = parse_directory(
        {
            "projects": [{"id": "p", "name": "demo"}],
            "users": [{"id": "u", "name": "demo", "password": "x", "roles": {"demo": ["member"]}}],
            "application_credentials": [],
        }
    )
    assert list(directory.domains) == ["default"]
    assert directory.users["u"] == User(
        "u", "demo", password="x", roles={"p": (role_id_of("member"),)}
    )
    assert directory.projects["p"] == Project("p", "demo")
    assert directory.implied_roles == STANDARD_IMPLICATIONS
    assert directory.invalid_entries == {}


ENTRIES: dict[str, Any] = {
    "domains": Domain(
        "d",
        "Acme",
        description="ours",
        enabled=False,
        tags=("a", "b"),
        options={"immutable": True},
        extra={"x": 1},
    ),
    "projects": Project(
        *("p", "gold", False, "default", "parent", "text", ("t",), {}, {"key": ["value"]})
    ),
    "roles": Role("r", "auditor", "reads", None, {"immutable": True}, {"x": None}),
    "users": User(
        "u",
        "demo",
        "scrypt$1",
        enabled=False,
        roles={"p": (role_id_of("member"), "r")},
        domain_roles={"d": ("r",)},
        system_roles=(role_id_of("admin"),),
        email="demo@example.org",
        description="a user",
        default_project_id="p",
        options={"lock_password": True},
        extra={"phone": "1"},
    ),
    "regions": Region("R2", "second", "RegionOne", {"x": 1}),
    "services": Service("s", "volume", "cinder", enabled=False, extra={"x": 1}),
    "endpoints": Endpoint("e", "s", "public", "http://x", "R2", enabled=False, extra={"name": "y"}),
}


def written(entry: Any) -> dict[str, Any]:
    roles = {role.id: role for role in (*STANDARD_ROLES, ENTRIES["roles"])}
    return user_entry(entry, roles) if isinstance(entry, User) else entry_of(entry)


def test_entries_are_parsed_as_they_are_written() -> None:
    directory = parse(**{section: [written(each)] for section, each in ENTRIES.items()})
    assert directory.invalid_entries == {}
    for section, each in ENTRIES.items():
        assert getattr(directory, section)[each.id] == each


def test_default_domain_may_have_an_entry() -> None:
    directory = parse(domains=[{"id": "default", "name": "Main", "enabled": False}])
    assert directory.domains["default"] == Domain("default", "Main", enabled=False)


def test_assignments_may_name_projects_domains_and_roles() -> None:
    user, directory = parse_user(
        domain_id="d", roles={"GOLD": ["auditor"]}, domain_roles={"acme": ["member", "member"]}
    )
    assert user.roles == {"q": ("r",)}
    assert user.domain_roles == {"d": (role_id_of("member"),)}
    assert directory.invalid_entries == {}


def test_roles_in_a_project_that_is_named_twice_are_merged() -> None:
    user, _ = parse_user(roles={"p": ["reader"], "gold": ["auditor", "reader"]})
    assert user.roles == {"p": (role_id_of("reader"), "r")}


def test_role_that_only_an_assignment_names_exists() -> None:
    user, directory = parse_user(system_roles=["operator"])
    (assigned,) = user.system_roles
    assert directory.roles[assigned] == Role(role_id_of("operator"), "operator")
    assert directory.role("operator") is directory.roles[assigned]


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({"roles": {"p": [UNKNOWN_ID, "reader"]}}, f"u: roles in p: {UNKNOWN_ID}"),
        ({"roles": {"p": ["reader"], "gone": ["reader"]}}, "u: roles in gone"),
        ({"roles": {"p": ["reader"]}, "domain_roles": {"x": ["r"]}}, "u: domain roles in x"),
    ],
)
def test_assignment_of_something_unknown_is_left_out_and_named(
    values: dict[str, Any], reported: str
) -> None:
    user, directory = parse_user(**values)
    assert user.roles == {"p": (role_id_of("reader"),)}
    assert user.domain_roles == {}
    assert set(directory.invalid_entries) == {reported}


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("users", {"domain_id": "gone"}),
        ("users", {"domain_id": 5}),
        ("users", {"email": 5}),
        ("users", {"system_roles": "admin"}),
        ("users", {"domain_roles": []}),
        ("users", {"extra": []}),
        ("projects", {"domain_id": "gone"}),
        ("projects", {"parent_id": 5}),
        ("projects", {"tags": "a"}),
        ("roles", {"domain_id": "gone"}),
        ("domains", {"enabled": "yes"}),
        ("domains", {"tags": [5]}),
        ("regions", {"description": 5}),
        ("services", {"type": 5}),
        ("endpoints", {"url": None}),
        ("endpoints", {"enabled": None}),
    ],
    ids=str,
)
def test_invalid_entry_is_left_out_and_named(section: str, values: dict[str, Any]) -> None:
    sound: dict[str, Any] = {"name": "n", "password": "x", "type": "t", "service_id": "s"}
    sound |= {"interface": "public", "url": "http://x"}
    directory = parse(**{section: [{**sound, "id": "good"}, {**sound, "id": "bad", **values}]})
    assert set(directory.invalid_entries) == {"bad"}
    assert "good" in getattr(directory, section)
    assert "bad" not in getattr(directory, section)


def test_implied_roles_are_added_to_the_standard_ones() -> None:
    directory = parse(
        roles=[{"id": "r", "name": "auditor"}],
        implied_roles=[
            {"prior_role": "auditor", "implied_role": "reader"},
            {"prior_role": "member", "implied_role": "r"},
            {"prior_role": "member", "implied_role": UNKNOWN_ID},
            {"prior_role": "member"},
        ],
    )
    assert directory.implied_roles["r"] == (role_id_of("reader"),)
    assert directory.implied_roles[role_id_of("member")] == (
        role_id_of("reader"),
        "r",
    )
    assert len(directory.invalid_entries) == 2


def test_credential_without_roles_has_all_effective_roles_of_its_user() -> None:
    directory = parse(
        projects=[{"id": "p", "name": "gold"}],
        users=[{"id": "u", "name": "demo", "password": "x", "roles": {"p": ["member"]}}],
        application_credentials=[
            {"id": "c", "name": "robot", "user": "demo", "project": "gold", "secret_hash": "x"}
        ],
    )
    assert directory.application_credentials["c"].roles == (
        role_id_of("member"),
        role_id_of("reader"),
    )
