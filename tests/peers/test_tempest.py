"""Tempest, OpenStack's own test suite, through Glimpse in front of a real Keystone and Glance."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.cloud import GatewayCloud
from tests.support import tempest

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tempest.Target]:
    directory = tmp_path_factory.mktemp("tempest") / "peers"
    with GatewayCloud.start_all(directory, tempest.MEMBERS) as cloud:
        yield tempest.prepare(cloud)


@pytest.mark.parametrize("microversion", tempest.MICROVERSIONS)
def test_tempest_passes_all_that_needs_no_server(
    target: tempest.Target,
    microversion: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    results = tempest.run(tmp_path, target, microversion)
    record_property("tempest", f"through Keystone and Glance at {microversion}: {results}")
    results.check()
