"""Policy files as a deployed Compute API has them."""

from pathlib import Path

import pytest

from glimpse.compute.policy import BadPolicyFile, image_size_rule
from glimpse.images import Caller
from glimpse.settings import load_settings

ADMIN = Caller("a", "p", frozenset({"admin"}), is_admin=True)
READER = Caller("r", "p", frozenset({"reader"}))


def written(directory: Path, rule: str, name: str = "policy.yaml") -> Path:
    directory.mkdir(exist_ok=True)
    file = directory / name
    file.write_text(f'{{"os_compute_api:image-size": "{rule}"}}\n')
    return file


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
def test_a_rule_says_who_sees_the_size(
    tmp_path: Path, name: str, rule: str, *, admin: bool, reader: bool
) -> None:
    may_see = image_size_rule(written(tmp_path, rule, name), ())
    assert (may_see(ADMIN), may_see(READER)) == (admin, reader)


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, "@")
    may_see = image_size_rule(file, ())
    assert may_see(READER)
    written(tmp_path, "role:somebody_else")
    assert not may_see(READER)


def test_a_directory_has_more_rules(tmp_path: Path) -> None:
    written(tmp_path / "policy.d", "role:admin")
    may_see = image_size_rule(written(tmp_path, "@"), [str(tmp_path / "policy.d")])
    assert not may_see(READER)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("[not, rules")
    with pytest.raises(BadPolicyFile):
        image_size_rule(file, ())


@pytest.mark.parametrize("text", ["", "[oslo_policy]\npolicy_file = policy.yaml\n"])
def test_the_file_beside_a_nova_conf_is_found(tmp_path: Path, text: str) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text(text)
    assert load_settings([conf]).policy.policy_dirs == ()
    written(tmp_path, "role:admin")
    written(tmp_path / "policy.d", "role:admin", "more.yaml")
    policy = load_settings([conf]).policy
    assert policy.policy_file == str(tmp_path / "policy.yaml")
    assert policy.policy_dirs == (str(tmp_path / "policy.d"),)
    assert load_settings().policy.policy_file is None
