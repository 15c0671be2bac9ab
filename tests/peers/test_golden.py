"""Replays each recorded exchange to Glimpse in front of a real Keystone and Glance.

Each replay also checks the number of requests to Glance.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.golden.cloud import GoldenCloud, fixture_members
from tests.golden.exchanges import Exchange
from tests.golden.oracle import parse_target
from tests.golden.replay import compare, send
from tests.peers.peer_gateway import PeerGateway
from tests.peers.sqlite_differences import ALLOWED
from tests.support.http import Response

pytestmark = pytest.mark.peers
SCHEMA = "GET /v2/schemas/image"  # cached: not a part of each operation


@pytest.fixture(scope="module")
def gateway(
    golden: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PeerGateway]:
    directory = tmp_path_factory.mktemp("golden") / "peers"
    with PeerGateway.start_all(directory, fixture_members(golden)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def cloud(gateway: PeerGateway, golden: dict[str, object]) -> GoldenCloud:
    return GoldenCloud(gateway, golden)


def calls_needed(exchange: Exchange, response: Response) -> tuple[int, ...]:
    """Return the allowed numbers of requests to Glance for this exchange.

    An invalid request may need none. A write that changes nothing needs no PATCH.
    """
    target = parse_target(exchange)
    if target is None or exchange.method == "OPTIONS":
        return (0,)
    needed = (1, 2) if target.is_metadata and exchange.writes else (1,)
    return needed if response.status < 300 else (0, *needed)


def test_the_response_is_the_recorded_or_the_repaired_one(
    replayed: Exchange,
    cloud: GoldenCloud,
    gateway: PeerGateway,
    record_property: Callable[[str, object], None],
) -> None:
    oracle = cloud.prepare(replayed)
    gateway.calls.pop_calls()
    response = send(replayed, cloud)
    calls = [call for call in gateway.calls.pop_calls() if call != SCHEMA]
    result = compare(replayed, response, cloud, oracle, ALLOWED)
    record_property("replayed", " + ".join(result.repairs) or "exactly")
    assert not result.problems, str(result)
    assert len(calls) in calls_needed(replayed, response), f"{replayed}\n{calls}"
