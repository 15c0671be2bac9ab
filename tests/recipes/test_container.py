"""The Containerfile names files, commands and extras that exist. No image is built."""

import json
import re
import tomllib
from pathlib import Path

from glimpse.cli.main import make_parser
from glimpse.settings.loading import default_state_dir

ROOT = Path(__file__).parent.parent.parent
RECIPE = (ROOT / "Containerfile").read_text()


def test_the_container_copies_files_that_exist() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (.+)$", RECIPE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if f"!{source}" not in kept] == []


def test_the_container_copies_what_the_build_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in ("pyproject.toml", project["readme"], *project["license-files"]):
        assert re.search(rf"^COPY .*\b{re.escape(name)}\b", RECIPE, re.MULTILINE), name


def test_the_container_runs_a_command_that_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (program,) = _json_line("ENTRYPOINT")
    assert program in project["scripts"]
    assert make_parser("serve").parse_args(_json_line("CMD")).command == "serve"


def test_the_containers_state_is_in_its_volume() -> None:
    environment = dict(re.findall(r"^ENV (\w+)=(\S+)$", RECIPE, re.MULTILINE))
    state_dir = default_state_dir(environment)
    assert f"VOLUME {state_dir}\n" in RECIPE
    assert f"-g glimpse {state_dir}\n" in RECIPE


def _json_line(instruction: str) -> list[str]:
    found = re.search(rf"^{instruction} (\[.*\])$", RECIPE, re.MULTILINE)
    assert found, instruction
    arguments: list[str] = json.loads(found[1])
    return arguments


def test_the_container_installs_extras_that_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    found = re.search(r"^ARG EXTRAS=(\S+)$", RECIPE, re.MULTILINE)
    assert found
    assert set(found[1].split(",")) <= extras.keys()
