"""The pytest plugin: the fixtures glimpse and glimpse_cloud, and their options."""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from glimpse.testing.running_cloud import Cloud

_MAX_LINES = 50  # of the requests in the report of a failure


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --glimpse-seed, and the ini options glimpse_seed and glimpse_arguments."""
    text = "seed of the cloud for tests, a YAML file"
    group = parser.getgroup("glimpse")
    group.addoption("--glimpse-seed", metavar="FILE", help=text)
    parser.addini("glimpse_seed", f"{text}, from the directory of this file", "paths")
    parser.addini("glimpse_arguments", "more arguments of `glimpse serve`", "args")


@pytest.fixture(scope="session")
def glimpse(pytestconfig: pytest.Config) -> "Iterator[Cloud]":
    """The cloud of the session, as other tests left it; pytest-xdist has one in each process.

    Its seed is --glimpse-seed, or else glimpse_seed.
    """
    from glimpse.testing.running_cloud import cloud  # noqa: PLC0415  sessions without it do not load it

    configured = pytestconfig.getini("glimpse_seed")
    seed = pytestconfig.getoption("--glimpse-seed") or next(iter(configured), None)
    with cloud(seed, pytestconfig.getini("glimpse_arguments")) as started:
        yield started


@pytest.fixture
def glimpse_cloud(glimpse: "Cloud") -> "Cloud":
    """The cloud of the session, reset before the test to what it was at its start."""
    glimpse.reset()
    return glimpse


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last 50 requests that the cloud got to the report of a test that failed."""
    report = yield
    started: Cloud | None = getattr(item, "funcargs", {}).get("glimpse_cloud")
    if report.when == "call" and report.failed and started is not None:
        report.sections.append(("Requests to Glimpse", _requests(started)))
    return report


def _requests(started: "Cloud") -> str:
    """Return a line for each of the last requests, or why they cannot be read."""
    from glimpse.testing.control_client import ControlFailed  # noqa: PLC0415  as above

    try:
        return "\n".join(map(str, started.requests[-_MAX_LINES:])) or "none"
    except ControlFailed as error:  # an error here would end the session
        return str(error)
