"""Policy rules for servers: Compute's defaults by role, and the rules of policy files."""

from pathlib import Path

import pytest

from glimpse.app.policy_files import SERVER_RULES, InvalidPolicyFile, PolicyFiles
from glimpse.compute.faults import Fault
from glimpse.compute.servers.policy import ServerPolicy, ServerRule
from glimpse.images import Caller
from tests.support.policy import write_policy
from tests.support.servers import make_server

ADMIN = Caller("a", "admins", frozenset(("admin",)), is_admin=True)
MEMBER = Caller("m", "owner", frozenset(("Member",)))
READER = Caller("r", "owner", frozenset(("reader",)))
STRANGER = Caller("s", "owner", frozenset(("observer",)))
UNSCOPED = Caller("u", None, frozenset())
SYSTEM_ADMIN = Caller("a", None, frozenset(("admin",)), is_admin=True)
SERVER = make_server(project_id="owner", user_id="m")

READS = {ServerRule.INDEX, ServerRule.DETAIL, ServerRule.SHOW}
WRITES = {ServerRule.CREATE, ServerRule.DELETE, ServerRule.CREATE_IMAGE}


def allowed(policy: ServerPolicy, caller: Caller) -> set[ServerRule]:
    """Return the rules by which `caller` may act on SERVER."""
    return {rule for rule in ServerRule if refusal(policy, caller, rule) is None}


def refusal(policy: ServerPolicy, caller: Caller, rule: ServerRule) -> str | None:
    """Return the status and message of a refusal; None if the rule allows it."""
    try:
        policy.check(caller, rule, SERVER)
    except Fault as fault:
        return f"{fault.status} {fault.message}"
    return None


def policy_of(directory: Path, rules: dict[str, object]) -> ServerPolicy:
    return ServerPolicy(PolicyFiles(write_policy(directory / "p.yaml", rules), (), SERVER_RULES))


def test_the_defaults_are_those_of_compute(tmp_path: Path) -> None:
    for policy in (ServerPolicy(None), policy_of(tmp_path, {"get_images": "!"})):
        assert allowed(policy, ADMIN) == set(ServerRule)
        assert allowed(policy, MEMBER) == READS | WRITES
        assert allowed(policy, READER) == READS
        assert allowed(policy, STRANGER) == set()


@pytest.mark.parametrize("rule", ServerRule)
def test_each_rule_can_be_replaced_alone(tmp_path: Path, rule: ServerRule) -> None:
    policy = policy_of(tmp_path, {rule: "role:observer"})
    assert allowed(policy, STRANGER) == {rule}
    assert allowed(policy, ADMIN) == set(ServerRule) - {rule}
    assert refusal(policy, ADMIN, rule) == f"403 Policy doesn't allow {rule} to be performed."


@pytest.mark.parametrize(
    ("check", "callers"),
    [
        ("project_id:%(project_id)s", [MEMBER, READER]),
        ("user_id:%(user_id)s", [MEMBER]),
        ("rule:project_member_or_admin", [ADMIN, MEMBER]),
        ("rule:project_reader_api", [READER]),
        ("rule:admin_or_owner", [ADMIN, MEMBER, READER]),
        ("@", [ADMIN, MEMBER, READER]),
    ],
)
def test_the_target_of_a_rule_is_the_server(
    tmp_path: Path, check: str, callers: list[Caller]
) -> None:
    policy = policy_of(tmp_path, {ServerRule.SHOW: check})
    found = [
        caller for caller in (ADMIN, MEMBER, READER) if ServerRule.SHOW in allowed(policy, caller)
    ]
    assert found == callers


def test_no_rule_helps_a_caller_without_a_project(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, dict.fromkeys(ServerRule, "@"))
    message = "403 Servers need a token that is scoped to a project; this one is not."
    assert {refusal(policy, UNSCOPED, rule) for rule in ServerRule} == {message}


@pytest.mark.parametrize("caller", [UNSCOPED, SYSTEM_ADMIN])
@pytest.mark.parametrize("rules", [{}, dict.fromkeys(ServerRule, "@")])
def test_a_caller_without_a_project_is_allowed_nothing(
    tmp_path: Path, rules: dict[str, object], caller: Caller
) -> None:
    policy = policy_of(tmp_path, rules or {"get_images": "!"})
    assert not any(policy.allows(caller, rule) for rule in ServerRule)
    assert not any(policy.allows(caller, rule, SERVER) for rule in ServerRule)


def test_rules_for_servers_are_checked_only_where_there_are_servers(tmp_path: Path) -> None:
    file = write_policy(tmp_path / "p.yaml", {ServerRule.SHOW: "https://localhost/x"})
    assert PolicyFiles(file, ()).names() == []
    with pytest.raises(InvalidPolicyFile, match=ServerRule.SHOW):
        PolicyFiles(file, (), SERVER_RULES)
