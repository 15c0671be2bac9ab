"""Every recorded exchange, replayed over real HTTP against a Glimpse process with the fixture.

`pytest tests/golden/test_replay.py --golden DIR` replays another directory of the same form.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.golden.cloud import GoldenCloud, fixture_members
from tests.golden.exchanges import Exchange
from tests.golden.oracle import Oracle
from tests.golden.replay import compare, needs_broken_image, send
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess


@pytest.fixture(scope="module")
def cloud(
    golden: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GoldenCloud]:
    state_dir = tmp_path_factory.mktemp("golden") / "state"
    seed_identity(state_dir, fixture_members(golden))
    with GlimpseProcess(state_dir) as process:
        yield GoldenCloud(EmbeddedCloud(process), golden)


def test_the_response_is_the_recorded_one_or_differs_by_a_listed_repair(
    replayed: Exchange,
    cloud: GoldenCloud,
    golden: dict[str, object],
    record_property: Callable[[str, object], None],
) -> None:
    broken = needs_broken_image(replayed, Oracle(golden))
    cloud.restore(broken=broken)
    if replayed.writes:
        cloud.mark_changed()
    result = compare(replayed, send(replayed, cloud), cloud, Oracle(golden, broken=broken))
    record_property("replayed", " + ".join(result.repairs) or "exactly")
    assert not result.problems, str(result)
