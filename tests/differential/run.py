"""`python -m tests.differential.run`: compares the services; exits with 1 if they differ."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.differential.clouds import DifferentialClouds
from tests.differential.differential_run import DifferentialRun, Failure
from tests.differential.intended_differences import read_intended_differences, undescribed
from tests.differential.scenarios import scenarios
from tests.peers.install import main as install_peers


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="how many to generate")
    parser.add_argument("--only", default="", help="names or groups of scenarios: create,tag-1")
    parser.add_argument("--all", action="store_true", help="print all failures of each kind")
    options = parser.parse_args()
    seed = os.environ.get("SEED") or "1"
    print(f"seed {seed}; to repeat: make test-differential SEED={seed}", flush=True)
    install_peers()
    intended = read_intended_differences()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        DifferentialClouds.start(Path(name)) as clouds,
    ):
        started = time.monotonic()
        run = DifferentialRun(clouds, intended)
        for scenario in scenarios(seed, options.requests):
            if not options.only or _is_one_of(scenario.name, options.only.split(",")):
                run.run(scenario)
    print(f"{run.sent} requests to each in {time.monotonic() - started:.0f} s")
    print(f"(start: {started - began:.0f} s; {run.skipped} requests were skipped)")
    print(f"{run.repeated} requests were repeated, because only the real service had failed")
    print("status codes of the real services:", dict(sorted(run.statuses.items())))
    problems = [*_report(run.failures, seed, print_all=options.all)]
    problems += [f"docs/differences.md does not say: {line}" for line in undescribed(intended)]
    if not options.only:
        problems += [f"no response shows this intended difference: {e}" for e in run.unseen()]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _is_one_of(name: str, wanted: list[str]) -> bool:
    """Return True if a scenario has one of these names, or is in one of these groups."""
    return any(name == each or name.startswith(f"{each}-") for each in wanted)


def _report(failures: list[Failure], seed: str, *, print_all: bool) -> Iterator[str]:
    """Yield a text for each kind of failure: of one route, with the same mismatch."""

    def kind(failure: Failure) -> tuple[str, ...]:
        first = failure.mismatches[0]
        return (failure.request.route(), first.aspect, first.real[:40], first.embedded[:40])

    for found, group in groupby(sorted(failures, key=kind), key=kind):
        alike = list(group)
        yield f"\n--- {len(alike)} times: {found[0]}: {found[1]}: {found[2]} | {found[3]}"
        for failure in alike if print_all else alike[:1]:
            command = f"make test-differential SEED={seed} ARGS='--only {failure.scenario}'"
            yield f"{failure}\nto repeat: {command}"


if __name__ == "__main__":
    sys.exit(main())
