"""Runs an unmodified Tempest, and returns the outcome of each test."""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.install import programs

_RUN_SECONDS = 3600  # far more than a run takes; only one that hangs waits for so long
# How `tempest run` reports a test. The names in setUpClass are of classes.
_REPORTED = re.compile(
    r"^\{\d+\} (?P<name>(?:setUpClass \(|tearDownClass \()?tempest\.[\w.()]+)(?: \[[\d.]+s\])?"
    r" \.\.\. (?P<outcome>ok|FAILED|SKIPPED)(?:: (?P<reason>.*))?$",
    re.MULTILINE,
)


@dataclass(frozen=True, order=True)
class Outcome:
    """The outcome of a test, ``ok``, ``FAILED`` or ``SKIPPED``; the reason if it is skipped.

    If Tempest skips a class as a whole, or fails to prepare it, the name is
    ``setUpClass (the class)``.
    """

    name: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Results:
    """The outcomes of all tests that were run, and the output of Tempest."""

    outcomes: tuple[Outcome, ...]
    output: str

    def __str__(self) -> str:
        counts = Counter(each.outcome for each in self.outcomes)
        return f"{counts['ok']} passed, {counts['SKIPPED']} skipped, {counts['FAILED']} failed"

    def names(self, outcome: str) -> set[str]:
        """Return the names of the tests with this outcome."""
        return {each.name for each in self.outcomes if each.outcome == outcome}


def run(
    configuration: Path, *, regex: str, exclude: str | None = None, processes: int = 1
) -> Results:
    """Run the tests whose names `regex` finds and `exclude` does not, in so many processes.

    Tempest's results and log are written beside the file `configuration`.
    """
    chosen = ["--regex", regex, *(["--exclude-regex", exclude] if exclude else [])]
    arguments = ["--config-file", str(configuration), "--concurrency", str(processes), *chosen]
    output = _tempest(configuration.parent, ["run", *arguments])
    found = _REPORTED.finditer(output)
    outcomes = (Outcome(each["name"], each["outcome"], each["reason"] or "") for each in found)
    return Results(tuple(sorted(outcomes)), output)


def _tempest(directory: Path, arguments: Sequence[str]) -> str:
    """Run Tempest and return its output; `directory` is its working and home directory."""
    environment = {
        "PATH": f"{programs('tempest')}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [str(programs("tempest") / "tempest"), *arguments],
        check=False,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_RUN_SECONDS,
    )
    return done.stdout.decode(errors="replace")
