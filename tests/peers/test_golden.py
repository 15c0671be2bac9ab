"""Replays each recorded exchange to Glimpse in front of a real Keystone and Glance.

Each replay also checks the number of requests to Glance. Glimpse asks a Glance with SQLite, and
reads the database of a Glance with MariaDB or PostgreSQL.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.golden.cloud import GoldenCloud, fixture_members
from tests.golden.exchanges import Exchange
from tests.golden.oracle import parse_target
from tests.golden.replay import compare, send
from tests.peers.database_differences import ALLOWED
from tests.peers.glance_databases import GlanceDatabase, start_mariadb, start_postgresql
from tests.peers.peer_gateway import PeerGateway
from tests.support.http import Response

pytestmark = pytest.mark.peers
SCHEMA = "GET /v2/schemas/image"  # cached: not a part of each operation
# Targets of reads that are sent to Glance, by the database: an order, and an id with an emoji.
ASKED = re.compile(r"property-sort|marker=%F0%9F")
DATABASES: Mapping[str, Callable[[Path], AbstractContextManager[GlanceDatabase | None]]] = {
    "sqlite": lambda _directory: nullcontext(None),
    "mariadb": start_mariadb,
    "postgresql": start_postgresql,
}


class GoldenGateway(NamedTuple):
    """A gateway with the users and images of the recordings."""

    gateway: PeerGateway
    cloud: GoldenCloud
    database: str  # a key of DATABASES

    def calls_needed(self, exchange: Exchange, response: Response) -> tuple[int, ...]:
        """Return the allowed numbers of requests to Glance for this exchange.

        An invalid request may need none, and a read of Glance's database needs none; but Glance
        has to answer some of ASKED. A write that changes nothing needs no PATCH.
        """
        target = parse_target(exchange)
        if target is None or exchange.method == "OPTIONS":
            return (0,)
        if self.database != "sqlite":
            return (0, 1) if exchange.writes or ASKED.search(exchange.path) else (0,)
        needed = (1, 2) if target.is_metadata and exchange.writes else (1,)
        return needed if response.status < 300 else (0, *needed)


@pytest.fixture(scope="module", params=DATABASES)
def golden_gateway(
    request: pytest.FixtureRequest,
    golden: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GoldenGateway]:
    directory = tmp_path_factory.mktemp("golden")
    with (
        DATABASES[request.param](directory) as database,
        PeerGateway.start_all(
            directory / "peers", fixture_members(golden), database=database
        ) as gateway,
    ):
        yield GoldenGateway(gateway, GoldenCloud(gateway, golden), request.param)


def test_the_response_is_the_recorded_or_the_repaired_one(
    replayed: Exchange,
    golden_gateway: GoldenGateway,
    record_property: Callable[[str, object], None],
) -> None:
    gateway, cloud, database = golden_gateway
    oracle = cloud.prepare(replayed)
    gateway.calls.pop_calls()
    response = send(replayed, cloud)
    calls = [call for call in gateway.calls.pop_calls() if call != SCHEMA]
    result = compare(replayed, response, cloud, oracle, ALLOWED[database])
    record_property("replayed", " + ".join(result.repairs) or "exactly")
    assert not result.problems, str(result)
    assert len(calls) in golden_gateway.calls_needed(replayed, response), f"{replayed}\n{calls}"
