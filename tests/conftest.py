"""Recorded exchanges as parameters, the request context, optional markers, and a summary."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from glimpse.telemetry.request_context import NO_REQUEST, current_context
from tests.golden.exchanges import COMPACT, MORE, read_exchanges, read_fixture

# How long one example takes says more about the machine than about Glimpse.
settings.register_profile("glimpse", deadline=None)
settings.load_profile("glimpse")


# A shell starts commands in the background with SIGINT ignored. Processes that tests start would
# inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        metavar="DIR",
        type=Path,
        help="replay the exchanges in this directory instead of those in tests/golden",
    )


def _golden_source(config: pytest.Config) -> Path:
    """Return the path of the exchanges to replay: a directory, or the compact file."""
    chosen: Path | None = config.getoption("--golden")
    return chosen.resolve() if chosen else COMPACT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests that have an argument `replayed` with each exchange."""
    if "replayed" in metafunc.fixturenames:
        source = _golden_source(metafunc.config)
        sources = [COMPACT, MORE] if source == COMPACT else [source]
        exchanges = [exchange for each in sources for exchange in read_exchanges(each)]
        if not exchanges:
            raise pytest.UsageError(f"{source} has no exchanges: one JSON file for each.")
        metafunc.parametrize("replayed", exchanges, ids=[exchange.name for exchange in exchanges])


@pytest.fixture(autouse=True)
def no_request_context() -> Iterator[None]:
    """Run each test outside of any request, also after a test that sets `current_context`."""
    token = current_context.set(NO_REQUEST)
    yield
    current_context.reset(token)


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> dict[str, object]:
    """The fixture with which the exchanges were recorded: users, projects and images."""
    return read_fixture(_golden_source(request.config))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of replayed exchanges for each repair, and the results of Tempest."""
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "replayed":
                    counts[str(value) if outcome == "passed" else "differently"] += 1
                if name == "tempest":
                    terminalreporter.write_line(f"Tempest {value}")
    if counts:
        text = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        terminalreporter.write_line(f"golden exchanges replayed: {text}")


# Markers of tests that need an installed environment. A test with several needs only the first.
OPTIONAL_MARKERS = {
    "peers": "needs `python -m tests.peers.install` before",
    "tempest": "needs `python -m tests.clients.install tempest` before",
    "clients": "needs `python -m tests.clients.install` before",
    "dist": "needs the package index; `make test-dist` makes what it needs else",
}


def pytest_configure(config: pytest.Config) -> None:
    for marker, description in OPTIONAL_MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: {description}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests with one of OPTIONAL_MARKERS unless ``-m`` names it: ``-m clients``."""
    expression = str(config.getoption("-m"))

    def is_deselected(item: pytest.Item) -> bool:
        markers = (marker for marker in OPTIONAL_MARKERS if item.get_closest_marker(marker))
        marker = next(markers, None)
        return marker is not None and marker not in expression

    config.hook.pytest_deselected(items=[item for item in items if is_deselected(item)])
    items[:] = [item for item in items if not is_deselected(item)]
