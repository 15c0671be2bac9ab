"""A replica is promoted to primary: which of the other replicas are read then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from glimpse.glance_database.connection import Statement
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import Dialect, parse_database_url
from glimpse.glance_database.errors import DatabaseError, ReplicaNotCurrent
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.replicas import Replica, open_replicas
from glimpse.glance_database.statements import select_image
from tests.glance_database.glance_tables import GlanceTables
from tests.glance_database.replication import Replication, start_replication

MAX_LAG = 30.0  # seconds: nothing that a test does takes as long


class Servers(NamedTuple):
    """A primary, and two replicas of it; `new` is to be promoted."""

    dialect: Dialect
    new: Replication
    other: Replication


@pytest.fixture(params=["mysql", "postgresql"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    (tmp_path / "other").mkdir()
    with (
        start_replication(request.param, tmp_path) as new,
        type(new).start_replica(new.primary, tmp_path / "other") as other,
    ):
        yield Servers(request.param, new, other)


@pytest.fixture
async def old(servers: Servers) -> AsyncIterator[GlanceTables]:
    """Glance's tables in the primary, which both replicas have."""
    tables = await GlanceTables.create(servers.dialect, servers.new.primary.port)
    image_id = await tables.put_image(name="image")
    for server in (servers.new, servers.other):
        await _until_replicated(tables.url_at(server.replica.port), image_id, "image")
    yield tables
    await tables.drop()


@pytest.fixture
async def positions(servers: Servers, old: GlanceTables) -> AsyncIterator[PrimaryPositions]:
    """The positions of the new primary, after it was promoted and written once."""
    await servers.new.promote()
    options = _options(old.url_at(servers.new.replica.port))
    primary = GlanceDatabase(options, find_driver(options.url))
    positions = PrimaryPositions(primary, MAX_LAG, 10.0)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(ReplicaNotCurrent):
                await positions.read()
                break
            await servers.new.write_to_replica("update images set min_ram = min_ram + 1")
    await positions.newest()
    yield positions
    positions.close()
    await primary.close()


@pytest.fixture
async def replica(
    servers: Servers, old: GlanceTables, positions: PrimaryPositions
) -> AsyncIterator[Replica]:
    """The other replica, compared with the new primary."""
    options = _options(old.url_at(servers.other.replica.port))
    (replica,) = open_replicas(options, find_driver(options.url), positions)
    yield replica
    await replica.close()


async def test_a_replica_that_still_follows_the_old_primary_is_not_read(
    servers: Servers, old: GlanceTables, replica: Replica
) -> None:
    """The old primary writes more than the new one had, and the new one then even more."""
    for _ in range(50):
        image_id = await old.put_image(name="old")
    await _until_replicated(old.url_at(servers.other.replica.port), image_id, "old")
    for number in range(300):
        await servers.new.write_to_replica(f"update images set name = 'new {number}'")
    with pytest.raises(ReplicaNotCurrent, match=r"does not have|timeline"):
        await replica.check()


async def test_a_replica_that_follows_the_new_primary_is_read(
    servers: Servers, replica: Replica
) -> None:
    await servers.other.follow(servers.new.replica)
    if servers.dialect == "postgresql":
        await servers.new.write_to_replica("grant pg_read_all_stats to reader")
    await servers.new.write_to_replica("update images set name = 'new'")
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(ReplicaNotCurrent):
                await replica.check()
                break
            await asyncio.sleep(0.05)
    assert len(await replica.fetch(Statement("SELECT id FROM images"), 10.0)) == 1


async def _until_replicated(url: str, image_id: str, name: str) -> None:
    """Wait until the tables at `url` have an image with that name."""
    options = _options(url)
    database = GlanceDatabase(options, find_driver(options.url), retry_seconds=0.01)
    statement = select_image(database.dialect, image_id, None)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(DatabaseError):  # it does not have the tables yet
                row = await database.fetch_row(statement)
                if row is not None and row[1] == name:
                    break
            await asyncio.sleep(0.01)
    await database.close()


def _options(url: str) -> DatabaseOptions:
    return DatabaseOptions(
        url=parse_database_url(url),
        falls_back=False,
        pool_size=2,
        connect_timeout=10.0,
        timeout=10.0,
    )
