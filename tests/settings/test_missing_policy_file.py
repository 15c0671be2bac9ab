"""A policy file that does not exist: an error, unless its name is oslo.policy's default."""

from pathlib import Path

import pytest

from glimpse.settings import load_settings


@pytest.mark.parametrize("name", ["policy.yaml", "policy.json"])
def test_a_policy_file_of_the_default_name_may_be_missing(tmp_path: Path, name: str) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text(f"[oslo_policy]\npolicy_file = {name}\n")
    assert load_settings([file]).policy.policy_file is None
    (tmp_path / name).touch()
    assert load_settings([file]).policy.policy_file == str(tmp_path / name)


def test_a_policy_file_of_another_name_is_kept_if_it_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text("[oslo_policy]\npolicy_file = rules.yaml\n")
    assert load_settings([file]).policy.policy_file == "rules.yaml"
