"""Fixtures of the acceptance tests: clouds with the users of the tenancy table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.tenancy import PROJECTS
from tests.clouds import CLOUDS, start_cloud
from tests.support.cloud import Cloud, Member, seed_identity

READER = Member("reader", f"{0xEE:032x}", ("reader",))
MEMBERS = [
    *(
        Member(name, project, ("admin",) if name == "admin" else ("member", "reader"))
        for name, project in PROJECTS.items()
    ),
    READER,
]


@pytest.fixture(scope="session", params=CLOUDS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """A cloud with embedded services, then one with a real Keystone and Glance."""
    directory = tmp_path_factory.mktemp("acceptance")
    with start_cloud(request.param, directory, MEMBERS) as started:
        yield started


@pytest.fixture(scope="session")
def expired_token(cloud: Cloud) -> str:
    """A token of the user ``owner`` that has just expired."""
    return cloud.issue_expired_token("owner")


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A new state directory with MEMBERS, for a process that the test starts."""
    seed_identity(tmp_path / "state", MEMBERS)
    return tmp_path / "state"
