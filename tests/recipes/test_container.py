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
        for line in re.findall(r"^COPY (?!--from)(.+)$", RECIPE, re.MULTILINE)
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


def test_the_containers_state_is_in_its_volume_and_belongs_to_its_user() -> None:
    state_dir = default_state_dir(dict(re.findall(r"(\w+)=(\S+)", _line("ENV"))))
    user, group = _line("USER").split(":")
    assert int(user) > 0, "it runs as root"
    assert int(group) > 0
    assert _line("VOLUME") == str(state_dir)
    assert f"install -d -m 0700 -o {user} -g {group} /state/{state_dir.name}\n" in RECIPE
    assert f"COPY --from=build /state {state_dir.parent}\n" in RECIPE


def test_the_container_checks_its_health_by_a_command_that_exists() -> None:
    arguments = json.loads(_line("HEALTHCHECK").partition(" CMD ")[2])
    assert arguments[0] == _json_line("ENTRYPOINT")[0]
    assert make_parser(arguments[1]).parse_args(arguments[1:]).command == "healthcheck"


def _line(instruction: str) -> str:
    """Return the arguments of an instruction of which the recipe has one."""
    (found,) = re.findall(rf"^{instruction} (.*)$", RECIPE, re.MULTILINE)
    return str(found)


def _json_line(instruction: str) -> list[str]:
    arguments: list[str] = json.loads(_line(instruction))
    return arguments


def test_the_container_installs_extras_that_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    found = re.search(r"^ARG EXTRAS=(\S+)$", RECIPE, re.MULTILINE)
    assert found
    assert set(found[1].split(",")) <= extras.keys()
