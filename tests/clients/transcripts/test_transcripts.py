"""Each command of a client prints the same as in a cloud with a real Keystone and Glance."""

import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from tests.clients.install import programs
from tests.clients.transcripts.clouds import TRANSCRIPTS, path_of, run_transcript, start
from tests.clients.transcripts.exceptions import DIFFERENT, LEFT_OUT
from tests.clients.transcripts.transcript import Entry, parse
from tests.clouds import CLOUDS
from tests.support.cloud import Cloud

pytestmark = pytest.mark.clients
# Prints the commands on images that openstackclient has: image_list, for example
OPENSTACK_COMMANDS = """
from importlib.metadata import entry_points
for command in entry_points(group="openstack.image.v2"):
    print(command.name)
"""


@pytest.fixture(params=CLOUDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cloud(kind: str, tmp_path: Path) -> Iterator[tuple[Cloud, str]]:
    """A cloud, and the URL of a disk that it may download.

    Each transcript has its own: Glance does not create an image with the id of a deleted one.
    """
    with start(kind, tmp_path / "cloud") as started:
        yield started


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_commands_print_what_they_print_in_a_real_cloud(
    cloud: tuple[Cloud, str], kind: str, name: str, tmp_path: Path
) -> None:
    exempt = DIFFERENT if kind == "embedded" else {}
    recorded = parse(path_of(name).read_text())
    printed = parse(run_transcript(*cloud, name, tmp_path))
    assert without(exempt, printed) == without(exempt, recorded)
    differing = {entry.text for entry in recorded if entry not in printed}
    assert {entry.text for entry in recorded if entry.text in exempt} <= differing


def test_transcripts_have_every_command_on_images() -> None:
    texts = [entry.text for name in TRANSCRIPTS for entry in parse(path_of(name).read_text())]
    missing = {
        command
        for command in (*glance_commands(), *openstack_commands())
        if not any(f"{text} ".startswith(f"{command} ") for text in texts)
    }
    left_out = {each for each in missing if any(each.startswith(start) for start in LEFT_OUT)}
    assert missing == left_out
    assert all(any(each.startswith(start) for each in left_out) for start in LEFT_OUT)


def without(exempt: Collection[str], entries: Iterable[Entry]) -> str:
    """Return the transcript of `entries` without the commands in `exempt`."""
    return "".join(str(entry) for entry in entries if entry.text not in exempt)


def glance_commands() -> list[str]:
    """Return all commands of glanceclient, such as ``glance image-list``."""
    printed = execute("glance", "glance", "bash-completion")
    return [f"glance {word}" for word in printed.split() if not word.startswith("-")]


def openstack_commands() -> list[str]:
    """Return all commands of openstackclient on images, such as ``openstack image list``."""
    printed = execute("openstack", "python", "-c", OPENSTACK_COMMANDS)
    return [f"openstack {name.replace('_', ' ')}" for name in printed.split()]


def execute(client: str, *command: str) -> str:
    """Run a program of the client's environment; return what it prints."""
    program = [str(programs(client) / command[0]), *command[1:]]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout
