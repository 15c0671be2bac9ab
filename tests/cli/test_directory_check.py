"""Commands that read a state directory that is not writable."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.errors import assert_one_line_error
from tests.cli.test_load import image_line
from tests.support.cloud import Member, seed_identity
from tests.support.process import run_glimpse

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a directory")


@pytest.fixture
def read_only_state(tmp_path: Path) -> Iterator[Path]:
    """A state directory with a user and an image, on a read-only file system."""
    state = tmp_path / "state"
    seed_identity(state, [Member("demo", "d" * 32)])
    file = tmp_path / "images"
    file.write_text(image_line(1))
    done = run_glimpse("load", "--without-data", str(file), "--state-dir", str(state))
    assert done.returncode == 0, done.stderr
    if subprocess.run(["mount", "--bind", str(state), str(state)], check=False).returncode:
        pytest.skip("this root may not mount")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(state)], check=True)
    yield state
    subprocess.run(["umount", str(state)], check=True)


@pytest.mark.parametrize(
    "command", [("openrc",), ("clouds",), ("user", "list"), ("project", "list"), ("dump",)]
)
def test_commands_that_read_say_that_the_state_directory_must_be_writable(
    read_only_state: Path, command: tuple[str, ...]
) -> None:
    done = run_glimpse(*command, "--state-dir", str(read_only_state))
    assert_one_line_error(
        done,
        f"The state directory {read_only_state} must be writable, even for commands that only read",
        "copy the directory and set --state-dir to the copy",
    )
