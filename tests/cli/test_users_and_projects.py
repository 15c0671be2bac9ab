"""``glimpse user`` and ``glimpse project``, also beside a Glimpse that serves."""

import errno
import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.cli.main import main
from glimpse.identity.embedded import private_files
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_file import IdentityFile
from tests.support.http import request
from tests.support.process import GlimpseProcess


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with the users of a first start."""
    IdentityFile(tmp_path / "state")
    return tmp_path / "state"


def users_in(state: Path) -> Directory:
    return IdentityFile(state).current


def test_an_added_user_has_a_project_and_a_password_for_openrc(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["user", "add", "ann", "--state-dir", str(state)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("User ann added: member in ann (a new project)\n")
    command = re.search(r"`glimpse (openrc .*)`", printed)
    assert command, printed
    assert main(shlex.split(command[1])) == 0
    script = capsys.readouterr().out
    user = users_in(state).user(name="ann")
    assert user is not None
    assert f"export OS_PASSWORD={user.password}\n" in script
    assert "export OS_PROJECT_NAME=ann\n" in script
    assert str(user.password) not in printed


def test_a_user_whose_file_is_not_synced_is_said_to_be_added(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(private_files, "sync_directory", fail)
    assert main(["user", "add", "ann", "--state-dir", str(state)]) == 1
    assert "The change was made, but it may be lost in a crash." in capsys.readouterr().err
    assert users_in(state).user(name="ann") is not None


def test_a_password_from_standard_input_is_kept_as_a_hash(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a secret of ann\n"))
    arguments = ["--project", "demo", "--role", "reader", "--role", "admin", "--password-stdin"]
    assert main(["user", "add", "ann", *arguments, "--state-dir", str(state)]) == 0
    assert capsys.readouterr().out == "User ann added: reader in demo, admin in demo\n"
    assert "a secret of ann" not in (state / "identity.json").read_text()
    user = users_in(state).user(name="ann")
    assert user is not None
    assert (user.password, str(user.password_hash)[:7]) == (None, "scrypt$")


@pytest.mark.parametrize(
    ("typed", "status", "output"),
    [(("secret", "secret"), 0, "User ann added"), (("secret", "other"), 1, "passwords differ")],
)
def test_a_password_is_typed_twice_at_a_prompt(
    state: Path, typed: tuple[str, str], status: int, output: str
) -> None:
    command = [sys.executable, "-m", "glimpse", "user", "add", "ann", "--password-prompt"]
    terminal, program = pty.openpty()
    with subprocess.Popen(
        [*command, "--state-dir", str(state)],
        stdin=program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # without a terminal of its own: the prompt is on standard error
    ) as process:
        assert process.stdout is not None
        for prompt, line in zip(("Password: ", "\nRepeat it: "), typed, strict=True):
            assert process.stdout.read(len(prompt)).decode() == prompt
            os.write(terminal, f"{line}\n".encode())
        printed = process.stdout.read().decode()
        assert process.wait(20) == status, printed
    os.close(terminal)
    os.close(program)
    assert output in printed
    assert "secret" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["user", "add", "demo"], "The domain default has a user demo already."),
        (["user", "add", "DEMO"], "The domain default has a user DEMO already."),
        (["user", "add", " "], "name has to be a string of 1 to 255 characters"),
        (["user", "add", "ann", "--role", "x"], "There is no role x; there are: admin, "),
        (["user", "add", "ann", "--project", "x"], "There is no project x: `glimpse project add`"),
        (["user", "add", "ann", "--domain", "x"], "There is no domain x; there are: Default."),
        (["user", "remove", "ann"], "The domain Default has no user ann."),
        (["project", "add", "demo"], "The domain default has a project demo already."),
        (["project", "remove", "x"], "The domain Default has no project x."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refused_change_says_why_and_changes_nothing(
    state: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = (state / "identity.json").read_bytes()
    assert main([*arguments, "--state-dir", str(state)]) == 1
    assert capsys.readouterr().err.startswith(f"glimpse: {message}")
    assert (state / "identity.json").read_bytes() == before


def test_an_empty_password_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert main(["user", "add", "ann", "--password-stdin", "--state-dir", str(state)]) == 1
    assert "the password has to be" in capsys.readouterr().err
    assert users_in(state).user(name="ann") is None


def test_lists_show_users_with_their_roles_and_projects_with_their_ids(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["user", "list", "--state-dir", str(state)]) == 0
    lines = [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["NAME", "DOMAIN", "ENABLED", "PASSWORD", "ROLES"],
        ["admin", "Default", "yes", "readable", "admin in admin, admin on the system"],
        ["alt", "Default", "yes", "readable", "member in alt"],
        ["demo", "Default", "yes", "readable", "member in demo"],
    ]
    assert main(["project", "list", "--state-dir", str(state)]) == 0
    project = users_in(state).project(name="demo")
    assert project is not None
    assert f"demo   Default  yes      {project.id}\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["user list", "user add ann", "project list", "openrc"])
def test_a_state_directory_without_users_is_refused_and_not_created(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    state = tmp_path / "typo"
    assert main([*command.split(), "--state-dir", str(state)]) == 1
    assert capsys.readouterr().err.startswith(f"glimpse: there are no users in {state} yet: ")
    assert not state.exists()


@pytest.mark.parametrize(
    ("strategy", "reason"),
    [("keystone", "Keystone has the users"), ("noauth", "there are no users")],
)
def test_users_that_are_not_of_the_embedded_identity_are_refused(
    state: Path, capsys: pytest.CaptureFixture[str], strategy: str, reason: str
) -> None:
    conf = state / "glimpse.conf"
    conf.write_text(f"[api]\nauth_strategy = {strategy}\n")
    assert main(["user", "list", "--config-file", str(conf), "--state-dir", str(state)]) == 1
    assert reason in capsys.readouterr().err


def test_a_running_glimpse_notices_added_and_removed_users_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        state = ["--state-dir", str(process.state_dir)]

        def login() -> int:
            domain = {"id": "default"}
            user = {"name": "ann", "domain": domain, "password": "secret"}
            auth = {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "tour", "domain": domain}},
            }
            body = json.dumps({"auth": auth}).encode()
            headers = {"Content-Type": "application/json"}
            path = "/identity/v3/auth/tokens"
            return request(process.address, "POST", path, headers, body).status

        assert login() == 401
        assert main(["project", "add", "tour", *state]) == 0
        assert capsys.readouterr().out.startswith("Project tour added, with the id ")
        monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
        assert main(["user", "add", "ann", "--project", "tour", "--password-stdin", *state]) == 0
        assert login() == 201
        capsys.readouterr()
        assert main(["project", "remove", "tour", *state]) == 0
        assert login() == 401
        assert main(["user", "remove", "ann", *state]) == 0
        assert capsys.readouterr().out == "Project tour removed\nUser ann removed\n"
        assert users_in(process.state_dir).user(name="ann") is None


@pytest.mark.parametrize("name", ["-x", "$(id)", "two\nlines", "\x1b[31mred", "it's"])
def test_a_hostile_name_is_printed_on_one_line_and_quoted_for_a_shell(
    state: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["user", "add", "--state-dir", str(state), "--", name]) == 0
    added, hint = capsys.readouterr().out.splitlines()
    assert added.isprintable()
    command = hint.removeprefix("The password is in what `glimpse ").removesuffix("` prints.")
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {command}"],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C.UTF-8"},
    )
    assert main(words.stdout.split("\0")[:-1]) == 0
    assert "export OS_PASSWORD=" in capsys.readouterr().out
    for kind in ("user", "project"):
        assert main([kind, "list", "--state-dir", str(state)]) == 0
        assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "\udcff"],
        ["user", "add", "ann", "--project", "\udcff"],
        ["user", "remove", "\udcff"],
        ["project", "add", "\udcff"],
        ["project", "add", "red", "--description", "\udcff"],
        ["user", "add", "ann", "--domain", "\udcff"],
        ["project", "remove", "red", "--domain", "\udcff"],
    ],
)
def test_names_that_are_not_utf_8_are_invalid_arguments(
    state: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--state-dir", str(state)])
    assert "it has bytes that are not valid UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("errors", ["surrogateescape", "strict"])  # "strict" in most locales
def test_a_password_that_is_not_utf_8_is_refused(
    state: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    errors: str,
) -> None:
    given = io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf-8", errors)
    monkeypatch.setattr(sys, "stdin", given)
    assert main(["user", "add", "ann", "--password-stdin", "--state-dir", str(state)]) == 1
    assert "the password has bytes that are not valid UTF-8." in capsys.readouterr().err
