"""Ansible's modules find, create, change and delete images, projects, users and roles."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.downloads import DISK
from tests.clients.install import ENVIRONMENTS, programs
from tests.clients.transcripts.clouds import client_environment, start
from tests.clouds import CLOUDS
from tests.support.cloud import Cloud

pytestmark = pytest.mark.clients
PLAYBOOK = Path(__file__).parent / "ansible" / "images_and_identities.yml"


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Cloud, str]]:
    """A cloud, and the URL of a disk that it may download."""
    with start(request.param, tmp_path / "cloud") as started:
        yield started


def test_ansible_changes_what_differs_and_nothing_else(
    cloud: tuple[Cloud, str], tmp_path: Path
) -> None:
    started, uri = cloud
    disk = tmp_path / "disk.qcow2"
    disk.write_bytes(DISK)
    environment = {
        "PATH": os.environ["PATH"],
        **client_environment(started, "admin", tmp_path),
        "ANSIBLE_COLLECTIONS_PATH": str(ENVIRONMENTS / "ansible-collections"),
    }
    python = programs("ansible") / "python"
    variables = f"disk={disk} uri={uri} ansible_python_interpreter={python}"
    command = [str(programs("ansible") / "ansible-playbook"), str(PLAYBOOK), "-e", variables]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
