"""The commands of the README's tour and its continuations print the output that is shown.

Run `python -m tests.clients.install` first.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess
from tests.support.virtual_environments import CHECKOUT

pytestmark = pytest.mark.clients
NEXT = "echo ---next---"
# The pages and sections with the steps, in the order in which a reader takes them
SECTIONS = (
    ("README.md", "## A tour\n"),
    ("docs/compute.md", "## With any HTTP client\n"),
    ("docs/clients.md", "## Apache Libcloud\n"),
)
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_the_tour_prints_the_output_that_the_readme_shows(tmp_path: Path) -> None:
    steps = [step for page, heading in SECTIONS for step in _steps(page, heading)]
    with GlimpseProcess(tmp_path / "state") as process:
        script = f"\n{NEXT}\n".join(typed for typed, _ in steps)
        # The process has its own port and state directory; the clients are installed already.
        script = script.replace(":8774", f":{process.port}").replace("make clients", "true")
        options = f"--port {process.port} --state-dir {process.state_dir}"
        script = script.replace("glimpse openrc", f"glimpse openrc {options}")
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        ran = subprocess.run(
            ["bash", "-eu", "-c", script],
            check=False,
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = [_without_ids(each) for each in ran.stdout.split("---next---\n")]
    assert printed == [_without_ids(shown) for _, shown in steps]


def _steps(page: str, heading: str) -> list[tuple[str, str]]:
    """Return what is typed and what is printed in each step of a section."""
    section = (CHECKOUT / page).read_text().partition(heading)[2].partition("\n## ")[0]
    steps: list[tuple[str, str]] = re.findall(r"```sh\n(.*?)```\n```\n(.*?)```", section, re.DOTALL)
    assert steps, f"{page} has no steps below {heading}"
    return steps


def _without_ids(text: str) -> str:
    return ID.sub("(an id)", text).strip()
