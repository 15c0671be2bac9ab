"""Tempest, OpenStack's own test suite, against the embedded cloud."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import tempest
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tempest.Target]:
    state_dir = tmp_path_factory.mktemp("tempest") / "state"
    seed_identity(state_dir, tempest.MEMBERS)
    with GlimpseProcess(state_dir) as process:
        yield tempest.prepare(EmbeddedCloud(process))


@pytest.mark.parametrize("microversion", tempest.MICROVERSIONS)
def test_tempest_passes_all_that_needs_no_server(
    target: tempest.Target,
    microversion: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    results = tempest.run(tmp_path, target, microversion)
    record_property("tempest", f"at microversion {microversion}: {results}")
    results.check()
