"""Programs of examples/ run in the cloud of its cloud.yaml, which its commands start.

Run `python -m tests.clients.install` first, for the programs.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.install import ENVIRONMENTS, build, programs
from tests.support.cloud import request_token
from tests.support.http import request
from tests.support.process import ServerProcess, free_port
from tests.support.virtual_environments import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
SEED = "cloud.yaml"
CI_FILES = ("compose.yaml", "github-actions.yml", "gitlab-ci.yml")


def serve(arguments: Sequence[str], directory: Path) -> ServerProcess:
    """Return the process of a ``glimpse serve`` of the examples, which the test starts.

    A port of its own replaces the standard ports, and a loopback address all others. `directory`
    has the other files, and the seed unless it is that of the examples.
    """
    paths = {f"examples/{SEED}": EXAMPLES / SEED, f"/seed/{SEED}": EXAMPLES / SEED}
    paths |= {f"/tmp/{SEED}": directory / SEED, "ready.json": directory / "ready.json"}
    port = free_port()
    changed = [str(paths.get(each, each)).replace("0.0.0.0", "127.0.0.1") for each in arguments]
    at = changed.index("--standard-ports")
    changed[at : at + 1] = ["--port", str(port)]
    command = [sys.executable, "-m", "glimpse", "serve", *changed]
    return ServerProcess(command, port, directory / "log", environment={"HOME": str(directory)})


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The process of the command in examples/README.md."""
    (arguments,) = commands((EXAMPLES / "README.md").read_text())
    with serve(arguments, tmp_path_factory.mktemp("examples")) as started:
        yield started


def run(process: ServerProcess, directory: Path, *command: str, **variables: str) -> str:
    """Run a command as the user ``demo``; return its output. Fails with its errors."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "PYTHONWARNINGS": "ignore"}
    documented = (EXAMPLES / "README.md").read_text().partition("export ")[2].partition("```")[0]
    named = (each.partition("=") for each in documented.split() if each.startswith("OS_"))
    environment |= {name: value for name, _, value in named}
    environment |= {"OS_AUTH_URL": f"{process.base_url}/identity/v3", **variables}
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.clients
def test_openstacksdk_downloads_a_snapshot(process: ServerProcess, tmp_path: Path) -> None:
    python = str(programs("openstack") / "python")
    printed = run(process, tmp_path, python, str(EXAMPLES / "openstacksdk.py"))
    assert printed == "nightly is active and has 65536 bytes\n"


@pytest.mark.clients
def test_gophercloud_lists_a_snapshot(process: ServerProcess, tmp_path: Path) -> None:
    build(EXAMPLES / "gophercloud.go", tmp_path)
    program = str(tmp_path / "bin" / "gophercloud")
    printed = run(process, tmp_path, program)
    assert printed == "nightly ACTIVE backup\n"


@pytest.mark.clients
def test_ansible_uploads_an_image_once(process: ServerProcess, tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), "1M"], check=True)
    variables = f"disk={disk} ansible_python_interpreter={programs('ansible') / 'python'}"
    playbook = [str(programs("ansible") / "ansible-playbook"), str(EXAMPLES / "ansible.yml")]
    collections = str(ENVIRONMENTS / "ansible-collections")
    first, second = (
        run(process, tmp_path, *playbook, "-e", variables, ANSIBLE_COLLECTIONS_PATH=collections)
        for _ in range(2)
    )
    assert "changed=1 " in first, first
    assert "changed=0 " in second, second


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_the_file_of_terraform_is_well_formed(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}
    environment["TF_CLI_CONFIG_FILE"] = os.devnull
    command = ["terraform", "fmt", "-check", "-diff", "-no-color", str(EXAMPLES / "terraform.tf")]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CI_FILES)
def test_a_command_starts_the_cloud_in_which_the_variables_log_in(
    name: str, tmp_path: Path
) -> None:
    document = yaml.safe_load((EXAMPLES / name).read_text())
    (arguments,) = commands_of(document)
    write_seed(document, tmp_path)
    with serve(arguments, tmp_path) as started:
        token = log_in(started, variables_of(document))
        for path, found in (("servers", "web"), ("images", "base")):
            response = request(started.address, "GET", f"/v2.1/{path}", {"X-Auth-Token": token})
            assert [each["name"] for each in response.json()[path]] == [found], str(response)


def log_in(process: ServerProcess, variables: dict[str, str]) -> str:
    """Return a token of the user whose variables a file sets; the URL is that of `process`."""
    domain = {"name": variables["OS_USER_DOMAIN_NAME"]}
    user = {"name": variables["OS_USERNAME"], "password": variables["OS_PASSWORD"]}
    project = {"name": variables["OS_PROJECT_NAME"], "domain": domain}
    identity = {"methods": ["password"], "password": {"user": {**user, "domain": domain}}}
    auth = {"identity": identity, "scope": {"project": project}}
    return request_token(f"{process.base_url}/identity", auth)


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each ``glimpse serve`` in a text."""
    return [found.split() for found in re.findall(r"\bglimpse serve((?: [\w./-]+)+)", text)]


def commands_of(document: Any) -> list[list[str]]:
    """Return the arguments of each ``glimpse serve`` in a YAML document.

    It is a line of a script, or the command of a container, whose entry point is ``glimpse``.
    """
    lists = [each for each in nodes(document) if isinstance(each, list)]
    found = [each[1:] for each in lists if each[:1] == ["serve"]]
    for text in texts(document):
        found += commands(text)
    return found


def variables_of(document: Any) -> dict[str, str]:
    """Return the variables that a YAML document sets for tests."""
    mappings = [each for each in nodes(document) if isinstance(each, dict)]
    (found,) = (each for each in mappings if "OS_AUTH_URL" in each)
    return found


def write_seed(document: Any, directory: Path) -> None:
    """Run the part of a script that writes a seed, if there is one, to a file in `directory`."""
    for text in texts(document):
        script, executes, _ = text.partition("os.execvp")
        if executes:
            moved = script.replace("/tmp/", f"{directory}/")
            subprocess.run([sys.executable, "-c", moved], check=True)


def nodes(document: Any) -> Iterator[Any]:
    """Yield all values of a YAML document."""
    yield document
    if isinstance(document, (dict, list)):
        for child in document.values() if isinstance(document, dict) else document:
            yield from nodes(child)


def texts(document: Any) -> Iterator[str]:
    """Yield all texts of a YAML document."""
    return (node for node in nodes(document) if isinstance(node, str))
