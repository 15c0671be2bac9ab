"""Policy rules of the Compute API, in the files of a deployed Compute."""

from pathlib import Path

import pytest

from glimpse.app.policy_files import PolicyFiles
from glimpse.compute.faults import Fault
from glimpse.compute.image_routes import IMAGE_ROUTES, RULE_NAMES
from glimpse.compute.policy import ComputePolicy
from glimpse.images import Caller
from glimpse.settings import load_settings
from tests.support.policy import write_policy

ADMIN = Caller("a", "p", frozenset({"admin"}), is_admin=True)
READER = Caller("r", "p", frozenset({"reader"}))
SYSTEM = Caller("a", None, frozenset({"admin"}), is_admin=True)
SIZE = "os_compute_api:image-size"
RULES = {route.name: route.policy_rule for route in IMAGE_ROUTES if route.policy_rule}


def refusal(policy: ComputePolicy, caller: Caller, operation: str) -> str | None:
    """Return the status and the message of a refusal; None if the operation is allowed."""
    try:
        policy.check(caller, RULES[operation])
    except Fault as fault:
        return f"{fault.status} {fault.message}"
    return None


def refused_by(rule: str) -> str:
    return f"403 Policy doesn't allow {rule} to be performed."


@pytest.mark.parametrize("name", ["policy.yaml", "policy.json"])
@pytest.mark.parametrize(
    ("rule", "admin", "reader"),
    [
        ("role:admin", True, False),
        ("rule:admin_api", True, False),
        ("rule:context_is_admin", True, False),
        ("rule:project_reader_or_admin", True, True),
        ("rule:project_member_or_admin", True, False),
        ("@", True, True),
        ("!", False, False),
    ],
)
def test_the_image_size_rule_decides_who_sees_the_size(
    tmp_path: Path, name: str, rule: str, *, admin: bool, reader: bool
) -> None:
    policy = ComputePolicy(PolicyFiles(write_policy(tmp_path / name, {SIZE: rule}), ()))
    assert (policy.shows_size(ADMIN), policy.shows_size(READER)) == (admin, reader)
    assert not policy.shows_size(SYSTEM), "a rule for projects applied to a system scope"


def test_without_rules_every_operation_is_allowed(tmp_path: Path) -> None:
    other = PolicyFiles(write_policy(tmp_path / "policy.yaml", {"os_compute_api:servers": "!"}), ())
    for policy in (ComputePolicy(None), ComputePolicy(other)):
        assert policy.shows_size(READER)
        assert {refusal(policy, READER, operation) for operation in RULES} == {None}


def test_the_general_rule_applies_to_operations_without_a_rule_of_their_own(tmp_path: Path) -> None:
    general, show = "os_compute_api:os-images", "os_compute_api:os-images:show"
    rules = PolicyFiles(write_policy(tmp_path / "p.yaml", {general: "role:admin", show: "@"}), ())
    policy = ComputePolicy(rules)
    refusals = {operation: refusal(policy, READER, operation) for operation in RULES}
    assert refusals == {**dict.fromkeys(RULES, refused_by(general)), "show_image": None}
    assert {refusal(policy, ADMIN, operation) for operation in RULES} == {None}


def test_no_two_operations_have_the_same_rule() -> None:
    names = [*RULES.values()]
    repeated = {name for name in names if names.count(name) > 1}
    assert repeated == set(), "give each row of image_routes.py a rule of its own"


@pytest.mark.parametrize("name", sorted({name for name in RULE_NAMES if name.count(":") > 1}))
def test_the_rule_of_an_operation_applies_to_this_operation_alone(
    tmp_path: Path, name: str
) -> None:
    rules = PolicyFiles(write_policy(tmp_path / "policy.yaml", {name: "role:admin"}), ())
    policy = ComputePolicy(rules)
    refused = [each for each in RULES if refusal(policy, READER, each) == refused_by(name)]
    assert len(refused) == 1
    assert refusal(policy, ADMIN, refused[0]) is None


@pytest.mark.parametrize("text", ["", "[oslo_policy]\npolicy_file = policy.yaml\n"])
def test_policy_files_beside_nova_conf_are_found(tmp_path: Path, text: str) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text(text)
    assert load_settings([conf]).policy.policy_dirs == ()
    write_policy(tmp_path / "policy.yaml", {SIZE: "role:admin"})
    write_policy(tmp_path / "policy.d" / "more.yaml", {SIZE: "role:admin"})
    policy = load_settings([conf]).policy
    assert policy.policy_file == str(tmp_path / "policy.yaml")
    assert policy.policy_dirs == (str(tmp_path / "policy.d"),)
    assert load_settings().policy.policy_file is None
