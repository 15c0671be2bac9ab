"""What `glimpse serve` prints when it listens: commands that work in another shell."""

import io
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from glimpse.cli.startup_message import print_startup_message
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.server.listening_socket import listen
from glimpse.settings import load_settings
from tests.support.process import free_port

SEED = """
projects: [{name: red}]
users:
  - {name: alf, password: p}
  - {name: ann b, password: p, roles: {red: [member]}}
  - {name: bob, password: p, roles: {red: [member]}}
"""


@contextmanager
def printed(
    directory: Path, port: str, programs: Path, lines: int, *arguments: str
) -> Iterator[list[str]]:
    """Serve with the state directory of XDG_DATA_HOME, `directory`; yield the first lines.

    PATH has the system's programs after those of the directory `programs`.
    """
    path = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    environment = {**os.environ, "XDG_DATA_HOME": str(directory), "PATH": path}
    command = [sys.executable, "-m", "glimpse", "serve", "--port", port, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        yield [process.stdout.readline() for _ in range(lines)]
        process.terminate()
        assert process.wait(20) == 0


def install_client(programs: Path) -> None:
    """Make a program `openstack` that prints the variables it was started with."""
    programs.mkdir()
    client = programs / "openstack"
    client.write_text('#!/bin/sh\necho "$@"; env\n')
    client.chmod(0o755)


def run(command: str, programs: Path) -> str:
    """Return the output of a command of a shell that finds `programs`."""
    environment = {"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def test_with_the_client_the_next_command_lists_images(tmp_path: Path) -> None:
    port, programs = str(free_port()), tmp_path / "programs"
    install_client(programs)
    with printed(tmp_path, port, programs, 2) as (where, following):
        state = tmp_path / "glimpse"
        assert where == f"Glimpse listens on http://127.0.0.1:{port}, state in {state}\n"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        output = run(following.removeprefix("Next, in another shell:  "), programs)
    assert output.startswith("image list\n"), following
    assert f"OS_AUTH_URL=http://127.0.0.1:{port}/identity/v3\n" in output
    assert re.search("^OS_PASSWORD=.{20,}$", output, re.MULTILINE), output


def test_without_the_client_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    port, programs = str(free_port()), tmp_path / "programs"
    with printed(tmp_path, port, programs, 3) as (_, following, client):
        output = run(f"{following.removeprefix('Next, in another shell:  ')} env", programs)
    assert f"OS_AUTH_URL=http://127.0.0.1:{port}/identity/v3\n" in output
    assert client == (
        "Then run any client. The command openstack is not installed; to install it:  "
        "pip install python-openstackclient\n"
    )


def test_the_next_command_logs_in_as_a_user_of_the_seed(tmp_path: Path) -> None:
    seed, port, programs = tmp_path / "cloud.yaml", str(free_port()), tmp_path / "programs"
    seed.write_text(SEED)
    with printed(tmp_path, port, programs, 2, "--ephemeral", "--seed", str(seed)) as (_, following):
        output = run(f"{following.removeprefix('Next, in another shell:  ')} env", programs)
    assert "OS_USERNAME=ann b\n" in output, following


def test_a_name_that_the_encoding_of_the_output_lacks_does_not_end_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state_dir = str(tmp_path / "jürgen")
    settings = load_settings(
        overrides={"api.auth_strategy": "noauth", "glimpse.state_dir": state_dir}
    )
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    with listen("127.0.0.1", 0) as listener:
        print_startup_message(settings, [listener])
    assert f"state in {tmp_path}/jürgen" in capsys.readouterr().err


def test_the_next_command_quotes_the_path_of_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(overrides={"glimpse.state_dir": str(tmp_path)})
    IdentityFile(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/opt/my tools/python")
    with listen("127.0.0.1", 0) as listener:
        print_startup_message(settings, [listener])
    assert "$('/opt/my tools/python' -m glimpse openrc " in capsys.readouterr().out
