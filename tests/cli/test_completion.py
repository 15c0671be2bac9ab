"""The scripts of ``glimpse completion``, and what bash completes with one."""

import subprocess
from pathlib import Path

import pytest

from glimpse.cli.main import COMMANDS
from tests.support.process import run_glimpse

# Calls the function that the script registers, as bash does, and prints what it suggests.
_COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
registered=$(complete -p glimpse)
[[ $registered =~ -F\\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" glimpse "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = run_glimpse("completion", "bash")
    assert done.returncode == 0, done.stderr
    path = tmp_path_factory.mktemp("completion") / "glimpse.bash"
    path.write_text(done.stdout)
    return path


def complete(script: Path, *words: str) -> set[str]:
    """Return what bash suggests for the last of the words after ``glimpse``."""
    command = ["bash", "--norc", "-c", _COMPLETE, "bash", str(script), "glimpse", *words]
    done = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {line.strip() for line in done.stdout.splitlines() if line}


def test_bash_completes_the_subcommands(script: Path) -> None:
    assert complete(script, "") >= COMMANDS.keys()
    assert complete(script, "he") == {"healthcheck"}


def test_bash_completes_the_options_of_each_subcommand(script: Path) -> None:
    assert complete(script, "serve", "--work") == {"--workers"}
    assert complete(script, "openrc", "--st") == {"--standard-ports", "--state-dir"}
    assert complete(script, "user", "") >= {"add", "list", "remove"}


def test_bash_completes_the_names_of_files(script: Path) -> None:
    (script.parent / "own.conf").touch()
    assert complete(script, "serve", "--config-file", "ow") == {"own.conf"}


@pytest.mark.parametrize(("shell", "text"), [("zsh", "#compdef glimpse"), ("tcsh", "complete ")])
def test_other_shells_have_a_script_too(shell: str, text: str) -> None:
    done = run_glimpse("completion", shell)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout
    assert "sample-config" in done.stdout
