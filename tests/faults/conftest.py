"""A cloud for the tests of faults, started once."""

from collections.abc import Callable, Iterator

import pytest

from glimpse.testing import Cloud, cloud
from tests.faults.cloud_client import IMAGE_ID, SERVER_ID, CloudClient

SEED = {
    "images": [
        {
            "id": IMAGE_ID,
            "name": "disk",
            "owner": "demo",
            "disk_format": "raw",
            "data": {"size": "1 MiB"},
        },
    ],
    "servers": [
        {"id": SERVER_ID, "name": "web", "project": "demo", "user": "demo", "image": "disk"},
    ],
}


@pytest.fixture(scope="module")
def started() -> Iterator[Cloud]:
    with cloud(SEED) as running:
        yield running


@pytest.fixture
def faulty(started: Cloud) -> Cloud:
    """The cloud as it was at its start."""
    started.reset()
    return started


@pytest.fixture
def client(faulty: Cloud) -> CloudClient:
    return CloudClient(faulty)


@pytest.fixture
def client_of(faulty: Cloud) -> Callable[[str], CloudClient]:
    """Make a client of a user."""
    return lambda user: CloudClient(faulty, user)
