"""Replays each recorded exchange to a Glimpse process with embedded services.

`pytest tests/golden/test_replay.py --golden DIR` replays the exchanges of another directory.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.golden.cloud import GoldenCloud, fixture_members
from tests.golden.exchanges import Exchange
from tests.golden.replay import compare, send
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


def test_the_response_is_the_recorded_or_the_repaired_one(
    replayed: Exchange,
    cloud: GoldenCloud,
    record_property: Callable[[str, object], None],
) -> None:
    oracle = cloud.prepare(replayed)
    result = compare(replayed, send(replayed, cloud), cloud, oracle)
    record_property("replayed", " + ".join(result.repairs) or "exactly")
    assert not result.problems, str(result)
