"""Tests that must pass: all that pass on a real Keystone and Glance, but NOT_OFFERED.

`glance_and_keystone.txt` has a line for each test that ran there: outcome, name, and the reason
if Tempest skips it. `python -m tests.clients.tempest peers --record` writes the file.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.clients.tempest.not_offered import NOT_OFFERED
from tests.clients.tempest.runner import Outcome

RECORDED = Path(__file__).with_name("glance_and_keystone.txt")
# All tests of these packages run.
REGEX = r"^tempest\.api\.(image\.v2|identity\.v3|identity\.admin\.v3)\."


def record(outcomes: Iterable[Outcome]) -> None:
    """Write RECORDED, in order of names."""
    lines = (f"{each.outcome}\t{each.name}\t{each.reason}" for each in sorted(outcomes))
    RECORDED.write_text("".join(f"{line.rstrip()}\n" for line in lines))


def read_recorded() -> list[Outcome]:
    """Return the outcomes in RECORDED."""
    rows = (line.split("\t") for line in RECORDED.read_text().splitlines())
    return [Outcome(name, outcome, *reason) for outcome, name, *reason in rows]


def passing_tests() -> set[str]:
    """Return the names of the tests that pass on a real Keystone and Glance."""
    return {each.name for each in read_recorded() if each.outcome == "ok"}


def is_offered(test: str) -> bool:
    """Return True unless NOT_OFFERED has the test, its class or its module."""
    parts = test.removeprefix("tempest.api.").split(".")
    return not any(".".join(parts[:length]) in NOT_OFFERED for length in range(len(parts) + 1))


def stale_entries(passed: Iterable[str]) -> set[str]:
    """Return the keys of NOT_OFFERED that are not needed: all their tests are in `passed`.

    Tests that do not pass on a real Keystone and Glance do not count.
    """
    missing = [test.removeprefix("tempest.api.") for test in passing_tests() - set(passed)]
    return {
        key
        for key in NOT_OFFERED
        if not any(test == key or test.startswith(f"{key}.") for test in missing)
    }
