"""Tempest, OpenStack's own test suite, passes against both kinds of cloud."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clouds import CLOUDS, start_cloud
from tests.support import tempest

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module", params=CLOUDS)
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tempest.Target]:
    directory = tmp_path_factory.mktemp("tempest")
    with start_cloud(request.param, directory, tempest.MEMBERS) as cloud:
        yield tempest.prepare(cloud)


@pytest.mark.parametrize("microversion", tempest.MICROVERSIONS)
def test_tempest_passes_all_tests_that_need_no_server(
    target: tempest.Target,
    microversion: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    results = tempest.run(tmp_path, target, microversion)
    kind = request.node.callspec.params["target"]
    record_property("tempest", f"against {kind} at microversion {microversion}: {results}")
    results.check(tempest.PASS, tempest.NEED_A_SERVER)


def test_tempest_passes_against_the_embedded_image_and_identity_apis(tmp_path: Path) -> None:
    with start_cloud("embedded", tmp_path / "cloud", tempest.MEMBERS) as cloud:
        results = tempest.run_native(tmp_path, tempest.prepare(cloud))
    results.check(tempest.NATIVE_PASS, ())
