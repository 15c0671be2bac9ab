"""The ``glimpse`` command with closed or full standard streams, or another encoding."""

import argparse
import importlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.cli.errors import CommandFailed
from glimpse.cli.main import main
from glimpse.cli.standard_streams import discard_output, print_error
from glimpse.identity.embedded.identity_file import IdentityFile
from tests.cli.errors import assert_one_line_error


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with the users of a first start."""
    IdentityFile(tmp_path / "state")
    return tmp_path / "state"


def shell(
    command: str, redirection: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of ``glimpse`` with a redirection of a shell; Python's output is buffered."""
    line = f"{shlex.quote(sys.executable)} -m glimpse {command} {redirection}"
    variables = [f"{name}={value}" for name, value in environment.items()]
    return subprocess.run(
        ["env", "-u", "PYTHONUNBUFFERED", *variables, "sh", "-c", line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", ["openrc", "clouds", "user list", "check --port 0", "--help"])
def test_output_that_cannot_be_written_is_an_error(
    state: Path, command: str, redirection: str
) -> None:
    place = "" if command == "--help" else f"--state-dir {state}"
    done = shell(f"{command} {place}", redirection)
    assert_one_line_error(done, "cannot write to standard output: ")


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_long_output_that_cannot_be_written_is_the_same_error(redirection: str) -> None:
    assert_one_line_error(shell("sample-config", redirection), "cannot write to standard output: ")


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_without_standard_error_the_exit_status_is_the_same(state: Path, redirection: str) -> None:
    assert shell(f"openrc --state-dir {state}", redirection).returncode == 0
    assert shell(f"openrc nobody --state-dir {state}", redirection).returncode == 1
    assert shell(f"load - --state-dir {state}", f"</dev/null {redirection}").returncode == 0


def test_a_closed_standard_input_is_empty(state: Path) -> None:
    assert shell(f"load - --state-dir {state}", "<&-").returncode == 0
    done = shell(f"user add ann --password-stdin --state-dir {state}", "<&-")
    assert_one_line_error(done, "the password has to be")


@pytest.mark.parametrize("command", ["openrc jürgen", "user remove jürgen"])
def test_each_command_names_the_encoding_of_the_output(state: Path, command: str) -> None:
    assert shell(f"user add jürgen --state-dir {state}").returncode == 0
    done = shell(f"{command} --state-dir {state}", PYTHONIOENCODING="ascii")
    assert_one_line_error(done, "in the encoding ascii: set PYTHONIOENCODING=utf-8.")


def descriptors() -> list[str]:
    return [path.name for path in Path("/proc/self/fd").iterdir()]


def test_discarding_full_streams_leaves_no_descriptor_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path("/dev/full").open("w") as output, Path("/dev/full").open("w") as errors:
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stderr", errors)
        before = descriptors()
        print_error("lost")
        discard_output()
        assert descriptors() == before
        print_error("lost, too")


class FailingCommand:
    """A subcommand that prints a line, and then raises an error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add no arguments."""

    def run(self, _: argparse.Namespace) -> int:
        sys.stdout.write("before the error\n")
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (CommandFailed("the reason"), 1, "glimpse: the reason\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"),
            1,
            "glimpse: '\\udcff' is not valid text in the encoding utf-8\n",
        ),
    ],
)
def test_the_error_of_a_command_counts_more_than_a_full_output(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    command = FailingCommand(error)
    monkeypatch.setattr(importlib, "import_module", lambda _: command)
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["clouds"]) == status
    assert capsys.readouterr().err == message
