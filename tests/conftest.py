"""What all tests share: the recordings to be replayed, and the count of how they went."""

from collections import Counter
from pathlib import Path

import pytest

from tests.golden.exchanges import COMPACT, MORE, read_exchanges, read_fixture


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        metavar="DIR",
        type=Path,
        help="replay the exchanges of this directory instead of the ones kept here",
    )


def _golden_source(config: pytest.Config) -> Path:
    """Where the exchanges to be replayed are: a directory, or the compact file."""
    chosen: Path | None = config.getoption("--golden")
    return chosen.resolve() if chosen else COMPACT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have `replayed` be each exchange that is kept here, or each of the chosen directory."""
    if "replayed" in metafunc.fixturenames:
        source = _golden_source(metafunc.config)
        kept = [COMPACT, MORE] if source == COMPACT else [source]
        exchanges = [exchange for each in kept for exchange in read_exchanges(each)]
        if not exchanges:
            raise pytest.UsageError(f"{source} has no exchanges: one JSON file for each.")
        metafunc.parametrize("replayed", exchanges, ids=[each.name for each in exchanges])


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> dict[str, object]:
    """The users, projects and images that the exchanges were recorded with."""
    return read_fixture(_golden_source(request.config))


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


# What takes a preparation that not everybody has made: the first that a test has decides
NEEDED = {
    "peers": "needs `python -m tests.peers.install` before",
    "clients": "needs `python -m tests.clients.install` before",
}


def pytest_configure(config: pytest.Config) -> None:
    for marker, what in NEEDED.items():
        config.addinivalue_line("markers", f"{marker}: {what}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests that need a preparation out unless they are asked for: `-m clients`."""
    asked = str(config.getoption("-m"))

    def left_out(item: pytest.Item) -> bool:
        needed = next((marker for marker in NEEDED if item.get_closest_marker(marker)), None)
        return needed is not None and needed not in asked

    config.hook.pytest_deselected(items=[item for item in items if left_out(item)])
    items[:] = [item for item in items if not left_out(item)]
