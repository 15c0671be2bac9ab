"""Every recorded exchange, replayed over real HTTP against a Glimpse process with the fixture.

`pytest tests/golden/test_replay.py --golden DIR` replays another directory of the same form.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import golden_exchanges, golden_source
from tests.golden.cloud import GoldenCloud, fixture_members
from tests.golden.exchanges import Exchange, read_fixture
from tests.golden.oracle import Oracle
from tests.golden.replay import compare, needs_broken_image, send
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "exchange" in metafunc.fixturenames:
        exchanges = golden_exchanges(metafunc.config)
        metafunc.parametrize("exchange", exchanges, ids=[each.name for each in exchanges])


@pytest.fixture(scope="module")
def fixture(request: pytest.FixtureRequest) -> dict[str, object]:
    return read_fixture(golden_source(request.config))


@pytest.fixture(scope="module")
def cloud(
    fixture: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GoldenCloud]:
    state_dir = tmp_path_factory.mktemp("golden") / "state"
    seed_identity(state_dir, fixture_members(fixture))
    with GlimpseProcess(state_dir) as process:
        yield GoldenCloud(EmbeddedCloud(process), fixture)


def test_an_exchange_is_answered_as_by_real_compute_or_repaired(
    exchange: Exchange,
    cloud: GoldenCloud,
    fixture: dict[str, object],
    record_property: Callable[[str, object], None],
) -> None:
    broken = needs_broken_image(exchange, Oracle(fixture))
    cloud.restore(broken=broken)
    if exchange.writes:
        cloud.touch()
    result = compare(exchange, send(exchange, cloud), cloud, Oracle(fixture, broken=broken))
    record_property("replayed", " + ".join(result.repairs) or "exactly")
    assert not result.problems, str(result)
