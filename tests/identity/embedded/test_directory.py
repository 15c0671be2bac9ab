"""Directory: look-ups by name in a domain, and the roles that others imply."""

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment, Domain, Project, Role, User
from glimpse.identity.embedded.standard_roles import STANDARD_IMPLICATIONS, role_id_of

ACME = Domain("d", "Acme")
IN_DEFAULT, IN_ACME = User("1", "Demo"), User("2", "demo", domain_id="d")
DIRECTORY = Directory(
    [IN_DEFAULT, IN_ACME],
    [Project("p", "Gold"), Project("q", "gold", domain_id="d")],
    domains=[ACME],
    roles=[Role("r", "auditor"), Role("s", "acme-auditor", domain_id="d")],
    implied_roles={**STANDARD_IMPLICATIONS, "s": ("r",), "r": ("s", "r")},
)


def test_domain_default_always_exists() -> None:
    default = Directory().domain(name="DEFAULT")
    assert default is not None
    assert (default.id, default.name, default.enabled) == ("default", "Default", True)
    renamed = Directory(domains=[Domain("default", "Main", description="ours")])
    assert renamed.domains["default"].name == "Main"
    assert renamed.domain(name="Default") is None


def test_names_are_looked_up_in_a_domain_in_any_case() -> None:
    assert DIRECTORY.domain(name="aCME") is ACME
    assert DIRECTORY.user(name="dEMO") is IN_DEFAULT
    assert DIRECTORY.user(name="dEMO", domain_id="d") is IN_ACME
    assert DIRECTORY.user(name="demo", domain_id="x") is None
    project = DIRECTORY.project(name="GOLD", domain_id="d")
    assert project is not None
    assert project.id == "q"


@pytest.mark.parametrize(
    ("assigned", "effective"),
    [
        ([role_id_of("admin")], ["admin", "manager", "member", "reader"]),
        ([role_id_of("reader"), role_id_of("member")], ["reader", "member"]),
        (["s"], ["auditor"]),
        (["gone", "r"], ["auditor"]),
        ([], []),
    ],
)
def test_effective_roles_have_implied_ones_and_none_of_a_domain(
    assigned: list[str], effective: list[str]
) -> None:
    assert [role.name for role in DIRECTORY.effective_roles(assigned)] == effective


def test_entry_in_a_disabled_domain_is_listed_but_not_enabled() -> None:
    user = User("u", "u", domain_id="d", roles={"p": ("r",), "q": ("r",)})
    disabled = Directory(
        [user],
        DIRECTORY.projects.values(),
        domains=[Domain("d", "Acme", enabled=False)],
        roles=[Role("r", "auditor")],
    )
    assert not disabled.is_enabled(user)
    listed = disabled.projects_of(user)
    assert [(each.id, disabled.is_enabled(each)) for each in listed] == [("p", True), ("q", False)]


def test_domains_of_a_user_are_those_with_a_role() -> None:
    user = User("u", "u", domain_roles={"d": ("r",), "default": (), "gone": ("r",)})
    assert DIRECTORY.domains_of(user) == [ACME]
    disabled = Domain("d", "Acme", enabled=False)
    directory = Directory([user], domains=[disabled], roles=[Role("r", "auditor")])
    assert directory.domains_of(user) == [disabled]


def test_place_with_only_roles_of_a_domain_is_not_listed() -> None:
    user = User("u", "u", domain_roles={"d": ("s",)}, roles={"p": ("s",)})
    roles = [Role("s", "acme-auditor", domain_id="d")]
    directory = Directory([user], [Project("p", "gold")], domains=[ACME], roles=roles)
    assert directory.domains_of(user) == []
    assert directory.projects_of(user) == []


def test_assignments_of_a_user_name_their_scopes() -> None:
    user = User("u", "u", roles={"p": ("r",)}, domain_roles={"d": ("s",)}, system_roles=("r",))
    assert user.assignments == [
        Assignment("u", "r", project_id="p"),
        Assignment("u", "s", domain_id="d"),
        Assignment("u", "r"),
    ]
