"""The pytest plugin: the fixtures ``glimpse`` and ``glimpse_cloud``, and their options."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from glimpse.testing.running_cloud import Cloud, StartingCloud

_MAX_LINES = 50  # requests in the report of a failure, each on a line
_STARTING: "pytest.StashKey[StartingCloud]" = pytest.StashKey()
_UNUSED: "pytest.StashKey[StartingCloud]" = pytest.StashKey()  # no test needs it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --glimpse-seed, and the ini options glimpse_seed and glimpse_arguments."""
    text = "seed of the cloud for tests, a YAML file"
    group = parser.getgroup("glimpse")
    group.addoption("--glimpse-seed", metavar="FILE", help=text)
    parser.addini("glimpse_seed", f"{text}, from the directory of this file", "paths")
    parser.addini("glimpse_arguments", "more arguments of `glimpse serve`", "args")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Start the cloud while the tests are imported, if a seed is configured.

    Starts nothing with --collect-only, or in the process of pytest-xdist that runs no tests. An
    OSError is ignored here: the fixture ``glimpse`` then tries to start the cloud, and raises the
    error.
    """
    config = session.config
    # Each process of pytest-xdist has its own cloud; the one that controls them runs no tests.
    is_controller = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if _seed(config) is not None and not config.option.collectonly and not is_controller:
        with suppress(OSError):  # the fixture raises it
            config.stash[_STARTING] = _start(config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to stop a started cloud if no test needs it; `pytest_unconfigure` waits for it."""
    stash = session.config.stash
    is_needed = any("glimpse" in getattr(item, "fixturenames", ()) for item in session.items)
    if _STARTING in stash and not is_needed:
        stash[_UNUSED] = stash[_STARTING]
        del stash[_STARTING]
        stash[_UNUSED].request_stop()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop a cloud that no fixture has stopped, for example after errors of the collection."""
    for key in (_STARTING, _UNUSED):
        _stop(config, key)


def _seed(config: pytest.Config) -> str | Path | None:
    """Return the path of the seed, from the command line or the ini file; None if none is set."""
    configured: list[Path] = config.getini("glimpse_seed")
    named: str | None = config.getoption("--glimpse-seed")
    return named or next(iter(configured), None)


def _start(config: pytest.Config) -> "StartingCloud":
    """Start a cloud with the configured seed and arguments, without waiting until it serves.

    Raises OSError if the process cannot be started.
    """
    from glimpse.testing.running_cloud import (  # noqa: PLC0415  sessions without it do not load it
        StartingCloud,
    )

    return StartingCloud(_seed(config), config.getini("glimpse_arguments"))


def _stop(config: pytest.Config, key: "pytest.StashKey[StartingCloud]") -> None:
    """Stop the cloud that is stored under `key`, and remove it from the stash.

    Does nothing if there is none.
    """
    starting = config.stash.get(key, None)
    if starting is not None:
        del config.stash[key]
        starting.stop()


@pytest.fixture(scope="session")
def glimpse(pytestconfig: pytest.Config) -> "Iterator[Cloud]":
    """The cloud of the session, in the state in which earlier tests left it.

    --glimpse-seed names the seed of the cloud; without it, the ini option glimpse_seed does. A
    cloud without a seed has the default users. Each process of pytest-xdist has a cloud of its own.
    The cloud stops at the end of the session. If the cloud does not start, each test that needs it
    is an error. The error shows the last lines that the cloud printed, or the OSError with which
    its process could not be started.
    """
    from glimpse.testing.server_process import CloudNotStarted  # noqa: PLC0415  as above

    if _STARTING not in pytestconfig.stash:
        pytestconfig.stash[_STARTING] = _start(pytestconfig)
    failure: CloudNotStarted | None = None
    try:
        yield pytestconfig.stash[_STARTING].wait()
    except CloudNotStarted as error:
        failure = error
    finally:
        _stop(pytestconfig, _STARTING)
    if failure is not None:  # not in the `except` block, or the report would have the text twice
        pytest.fail(str(failure), pytrace=False)


@pytest.fixture
def glimpse_cloud(glimpse: "Cloud") -> "Cloud":
    """The cloud of the session, reset before each test to its state after the start."""
    glimpse.reset()
    return glimpse


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last 50 requests to the cloud to the report of a failed test or setup.

    If the requests cannot be read, the report says why. Tests without the fixture ``glimpse`` get
    no such section.
    """
    report = yield
    started: Cloud | None = getattr(item, "funcargs", {}).get("glimpse")
    if report.when in ("setup", "call") and report.failed and started is not None:
        report.sections.append(("Requests to Glimpse", _requests(started)))
    return report


def _requests(started: "Cloud") -> str:
    """Return the last 50 requests with their errors, one a line; ``none`` if there are none.

    If the requests cannot be read, returns the reason.
    """
    from glimpse.testing.control_client import ControlFailed  # noqa: PLC0415  as above

    try:
        return "\n".join(each.describe() for each in started.requests[-_MAX_LINES:]) or "none"
    except ControlFailed as error:  # an error here would end the session
        return str(error)
