"""The clouds and users of the transcripts, and the programs that run their commands."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.clients.downloads import DISK, serve_disk
from tests.clients.install import programs
from tests.clients.transcripts.transcript import Client, parse, run
from tests.clouds import start_cloud
from tests.support.cloud import PASSWORD, Cloud, Member

HERE = Path(__file__).parent
# Each transcript is a file. Its client: the environment, the module with `main`, and a command.
_OPENSTACK = ("openstack", "openstackclient.shell", "openstack image list")
_GLANCE = ("glance", "glanceclient.shell", "glance image-list")
TRANSCRIPTS = MappingProxyType(
    {"openstack_image": _OPENSTACK, "openstack_identity": _OPENSTACK, "glance": _GLANCE}
)
MEMBERS = (
    Member("owner", f"{0xA:032x}"),
    Member("other", f"{0xB:032x}"),
    Member("admin", f"{0xC:032x}", ("admin",)),
)
DATA = bytes(range(256)) * 8
# Users that a transcript creates, by prompt: name, password and project
_CREATED = {"alice": ("alice", "first", "site"), "alicia": ("alice", "second", "site")}


def path_of(name: str) -> Path:
    """Return the file of a transcript."""
    return HERE / f"{name}.txt"


def run_transcript(cloud: Cloud, uri: str, name: str, directory: Path) -> str:
    """Run the commands of a transcript in `directory`; return the transcript with the output.

    ``${uri}`` in commands is the URL of DISK, which the cloud may download.
    """
    (directory / "disk.qcow2").write_bytes(DISK)
    (directory / "disk.raw").write_bytes(DATA)
    checksums = [hashlib.md5(data).hexdigest() for data in (DISK, DATA)]
    projects = {member.name: member.project_id for member in MEMBERS}
    known = [*projects.values(), *checksums, *(_image_id(number) for number in range(10))]
    values = {"uri": uri, "checksum": checksums[0], **projects}
    with _client(cloud, *TRANSCRIPTS[name], directory) as client:
        return run(parse(path_of(name).read_text()), client, values, known)


@contextmanager
def start(kind: str, directory: Path) -> Iterator[tuple[Cloud, str]]:
    """Run a cloud, ``embedded`` or ``peers``; yield it and a URL of DISK that it may download.

    Embedded services run in two processes: what one of them writes, the other has to know.
    """
    with (
        serve_disk() as server,
        start_cloud(kind, directory, MEMBERS, downloads=server.port, workers=2) as cloud,
    ):
        yield cloud, f"{server.base_url}/disk.qcow2"


def _image_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


@contextmanager
def _client(
    cloud: Cloud, client: str, module: str, first: str, directory: Path
) -> Iterator[Client]:
    """Run the fork server of a client with the working directory `directory`."""
    program = [str(programs(client) / "python"), str(HERE / "fork_client.py")]
    command = [*program, module, *first.split()]
    with subprocess.Popen(
        command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def call(user: str, words: Sequence[str]) -> tuple[str, int]:
            environment = client_environment(cloud, user, directory)
            stdin.write(json.dumps({"command": list(words), "environment": environment}) + "\n")
            stdin.flush()
            output, status = json.loads(stdout.readline())
            return str(output), int(status)

        yield call
        stdin.close()


def client_environment(cloud: Cloud, user: str, directory: Path) -> Mapping[str, str]:
    """Return the variables with which a client logs in as the user of a prompt.

    `directory` is its home directory.
    """
    name, password, project = _CREATED.get(user, (user, PASSWORD, user))
    return {
        "HOME": str(directory),
        "OS_AUTH_URL": f"{cloud.identity_url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": name,
        "OS_PASSWORD": password,
        "OS_PROJECT_NAME": project,
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": "RegionOne",
        "PYTHONWARNINGS": "ignore",
        "COLUMNS": "200",
    }
