"""What all tests share: the option that names other recordings, and the count of how they went."""

from collections import Counter
from pathlib import Path

import pytest

from tests.golden.exchanges import COMPACT


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        metavar="DIR",
        type=Path,
        help="replay the exchanges of this directory instead of the ones kept here",
    )


def golden_source(config: pytest.Config) -> Path:
    """Where the exchanges to be replayed are: a directory, or the compact file."""
    chosen: Path | None = config.getoption("--golden")
    return chosen.resolve() if chosen else COMPACT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many exchanges were answered exactly or under which repair, and how Tempest went."""
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "replayed":
                    counts[str(value) if outcome == "passed" else "differently"] += 1
                if name == "tempest":
                    terminalreporter.write_line(f"Tempest {value}")
    if counts:
        how = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        terminalreporter.write_line(f"golden exchanges answered: {how}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "clients: needs `python -m tests.clients.install` before")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of real clients out unless they are asked for: `-m clients`."""
    if "clients" in str(config.getoption("-m")):
        return
    left_out = [item for item in items if item.get_closest_marker("clients")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("clients")]
