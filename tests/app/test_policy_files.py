"""Policy files: which ones are rejected, and when a changed file applies."""

import sys
from pathlib import Path
from subprocess import run

import pytest

from glimpse.app.policy_files import InvalidPolicyFile, PolicyFiles
from glimpse.app.policy_rule_checks import RuleChecks
from glimpse.images import Action, Caller, Permissions
from glimpse.images.permissions import ROLES
from tests.support.policy import write_policy

READER = Caller("r", "p", frozenset({"reader"}))
NAME = Action.GET_IMAGES


def allows(files: PolicyFiles, caller: Caller = READER) -> bool:
    return Permissions(files).allows(caller, NAME)


def rules_in_a_row(count: int, rule: str = "rule:{0}") -> str:
    """Return a file where NAME refers to a rule, that to another one, and so on."""
    names = [NAME, *(f"rule{number}" for number in range(count))]
    rules = [f"{name}: '{rule.format(names[index + 1])}'" for index, name in enumerate(names[:-1])]
    return "\n".join([*rules, f"{names[-1]}: 'role:admin'"])


def test_a_changed_policy_file_applies_at_once(tmp_path: Path) -> None:
    file = write_policy(tmp_path / "policy.yaml", {NAME: "@"})
    files = PolicyFiles(file, ())
    assert allows(files)
    write_policy(file, {NAME: "role:somebody_else"})
    assert not allows(files)
    write_policy(file, {})
    assert allows(files), "a rule that is gone still counts"


def test_policy_dirs_add_rules(tmp_path: Path) -> None:
    more = tmp_path / "policy.d"
    write_policy(more / "a.yaml", {NAME: "role:admin"})
    files = PolicyFiles(write_policy(tmp_path / "policy.yaml", {NAME: "@"}), [str(more)])
    assert not allows(files)
    assert not allows(PolicyFiles(None, [str(more)]))
    write_policy(more / "b.yaml", {NAME: "role:reader"})
    assert allows(files), "a file that was added does not count"
    (more / "b.yaml").unlink()
    assert not allows(files), "a file that was removed still counts"


def test_each_has_the_rules_of_its_own_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_policy(tmp_path / "policy.d" / "a.yaml", {NAME: "!"})
    monkeypatch.setenv("HOME", str(tmp_path))
    one = PolicyFiles(write_policy(tmp_path / "policy.yaml", {NAME: "role:admin"}), ())
    other = PolicyFiles(None, ())
    assert one.names() == [NAME]
    assert not other.names()
    assert allows(other)


def test_paths_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_policy(Path("policy.yaml"), {NAME: "role:admin"})
    more = write_policy(Path("more/policy.yaml"), {Action.ADD_IMAGE: "role:admin"}).parent
    assert PolicyFiles(file, [str(more)]).names() == [Action.ADD_IMAGE, NAME]


@pytest.mark.parametrize(
    "content",
    [
        "[not, rules",
        "[not, rules]",
        "text",
        f"{NAME}: 5",
        f"{NAME}: 'role:admin and'",
        f"{NAME}: nonsense",
        f"{NAME}: 'rule:missing'",
        f"{NAME}: 'rule:a'\na: 'rule:missing or role:admin'",
        f"{NAME}: 'rule:a'\na: 'not rule:{NAME}'",
        f"{NAME}: 'http://localhost/policy'",
        f"{NAME}: ('role:admin' or",
        "'os_compute_api:image-size': 'role:admin or'",
        f"{NAME}: 'rule:missing'\ndefault: 'rule:also_missing'",
        f"{NAME}: 'rule:missing'\ndefault: 'rule:default'",
        f"{NAME}: 'rule:missing'\ndefault: 'http://localhost/policy'",
        f"{NAME}: 'rule:missing'\ndefault: nonsense",
        f"{NAME}: 'project_id:100%'",
        f"{NAME}: 'role:%(owner'",
        f"{NAME}: 'project_id:%(owner)d'",
        f"{NAME}: 'roles.name:reader'",
        f"{NAME}: '2nd:%(owner)s'",
        f"{NAME}: '{'not ' * 2000}role:admin'",
        f"{NAME}: {'[' * 3000}{']' * 3000}",
        rules_in_a_row(60),
        rules_in_a_row(3000),
        rules_in_a_row(30, "rule:{0} or rule:{0}"),
    ],
)
def test_an_unusable_file_is_an_error_of_one_line(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    with pytest.raises(InvalidPolicyFile) as caught:
        PolicyFiles(file, ())
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not [record for record in caplog.records if record.exc_info]
    with pytest.raises(InvalidPolicyFile):
        PolicyFiles(tmp_path / "missing.yaml", ())


def test_an_error_of_the_checks_themselves_does_not_blame_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_checks: RuleChecks, name: str) -> None:
        raise TypeError(name)

    monkeypatch.setattr(RuleChecks, "check", fail)
    with pytest.raises(TypeError):
        PolicyFiles(write_policy(tmp_path / "policy.yaml", {NAME: "@"}), ())


@pytest.mark.parametrize("content", ["other: 'role:admin and'", "other: 'rule:missing'", ""])
def test_rules_that_glimpse_does_not_evaluate_may_be_anything(tmp_path: Path, content: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    files = PolicyFiles(file, ())
    assert files.names() == []
    assert allows(files)


@pytest.mark.parametrize("content", ["[not, rules", f"{NAME}: 'role:admin and'", None])
def test_an_unusable_change_of_a_file_keeps_the_rules(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = write_policy(tmp_path / "policy.yaml", {NAME: "!"})
    files = PolicyFiles(file, ())
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    for _ in range(3):
        assert not allows(files)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1, caplog.text
    assert not errors[0].exc_info
    write_policy(file, {NAME: "role:reader"})
    assert allows(files)


def test_an_undefined_rule_is_the_default_one(tmp_path: Path) -> None:
    rules = {NAME: "rule:missing or rule:missing", "default": "role:reader"}
    files = PolicyFiles(write_policy(tmp_path / "policy.yaml", rules), ())
    assert allows(files)
    assert not allows(files, Caller("u", "p", frozenset({"observer"})))


@pytest.mark.parametrize("action", Action)
def test_a_rule_may_refer_to_the_default_of_another(tmp_path: Path, action: Action) -> None:
    other = next(each for each in Action if each is not action)
    files = PolicyFiles(write_policy(tmp_path / "policy.yaml", {other: f"rule:{action}"}), ())
    for role in ("reader", "member", "observer"):
        caller = Caller("u", "p", frozenset({role}))
        assert Permissions(files).allows(caller, other) == (role in ROLES[action])


def test_without_a_policy_file_oslo_policy_is_not_imported() -> None:
    program = (
        "import sys, glimpse.app.application, glimpse.app.embedded, glimpse.app.gateway;"
        "sys.exit('oslo_policy' in sys.modules)"
    )
    assert run([sys.executable, "-c", program], check=False).returncode == 0
