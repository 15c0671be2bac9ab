"""When a connection to a replica runs a statement, by a fake server's positions and times."""

import asyncio
from collections.abc import Sequence
from unittest.mock import AsyncMock

import pytest

from glimpse.app.glance_policy import read_glance_rules
from glimpse.glance_database.connection import Connection, Rows, Statement
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import DatabaseURL, Host, parse_database_url
from glimpse.glance_database.errors import DatabaseUnavailable, QueryFailed, ReplicaNotCurrent
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.recent_writes import RecentWrites
from glimpse.glance_database.replica_lag import LagLimitedConnection
from glimpse.glance_database.replicas import Replica, ReplicatedDatabase, open_replicas
from glimpse.glance_database.replicated_reads import ReplicatedReads

MAX_LAG = 2.0
_READ = Statement("SELECT 1")


class FakeServers:
    """A MariaDB and its replica at ``replica``; `now` is the time. Other hosts are down.

    The primary has written `written` transactions, of which the replica has applied `applied`. An
    exception `failure` is raised by the primary when it is asked for that.
    """

    def __init__(self) -> None:
        self.now = 100.0
        self.written = self.applied = 1
        self.own_writes = 0
        self.is_replicating = True
        self.failure: Exception | None = None
        self.is_replica_hanging = False
        self.is_primary_down = False
        self.is_replica_down = False
        self.connected: list[str] = []
        self.statements: list[str] = []
        self.revision = "2024_1_contract01"

    def clock(self) -> float:
        return self.now

    async def connect(self, _url: DatabaseURL, host: Host, _seconds: float) -> Connection:
        self.connected.append(host.name)
        if host.name not in ("primary", "replica") or (
            self.is_replica_down and host.name == "replica"
        ):
            raise DatabaseUnavailable("it is down")
        return FakeConnection(self, host.name)

    def answer(self, host: str, sql: str) -> Sequence[object]:
        """Return the row of a statement."""
        if "alembic_version" in sql:
            return [self.revision if host == "replica" else "2024_1_contract01"]
        if "VERSION()" in sql:
            return ["10.11.6-MariaDB"]
        if "gtid_binlog_pos" in sql:
            written = f"0-1-{self.written}" if self.written else ""
            return [written, written, ""]
        if "gtid_slave_pos" in sql:
            applied = f"0-1-{self.applied}"
            written = f"0-2-{self.applied + self.own_writes}" if self.own_writes else applied
            return [applied, written, "1" if self.is_replicating else "0"]
        return [host]


class FakeConnection:
    def __init__(self, servers: FakeServers, host: str) -> None:
        self._servers = servers
        self._host = host

    async def fetch(self, statement: Statement) -> Rows:
        is_position = "gtid" in statement.sql or "VERSION" in statement.sql
        if self._host == "primary" and is_position and self._servers.failure is not None:
            raise self._servers.failure
        if self._host == "primary" and self._servers.is_primary_down:
            raise DatabaseUnavailable("the primary is down")
        if self._host == "replica" and self._servers.is_replica_hanging:
            await asyncio.Event().wait()
        self._servers.statements.append(f"{self._host}: {statement.sql}")
        return [self._servers.answer(self._host, statement.sql)]

    def close(self) -> None:
        """Do nothing."""


def _options(host: str, timeout: float = 5.0) -> DatabaseOptions:
    return DatabaseOptions(
        url=parse_database_url(f"mysql://{host}/glance"),
        falls_back=False,
        pool_size=2,
        connect_timeout=1.0,
        timeout=timeout,
    )


@pytest.fixture
def servers() -> FakeServers:
    return FakeServers()


@pytest.fixture
def positions(servers: FakeServers) -> PrimaryPositions:
    primary = GlanceDatabase(_options("primary"), servers.connect)
    return PrimaryPositions(primary, MAX_LAG, 1.0, servers.clock)


@pytest.fixture
def connection(servers: FakeServers, positions: PrimaryPositions) -> LagLimitedConnection:
    return LagLimitedConnection(FakeConnection(servers, "replica"), positions, servers.clock)


async def _is_read(connection: LagLimitedConnection) -> bool:
    try:
        assert await connection.fetch(_READ) == [["replica"]]
    except ReplicaNotCurrent:
        return False
    await asyncio.sleep(0)  # the position of the primary may be read in the background
    await asyncio.sleep(0)
    return True


async def test_an_idle_primary_and_its_replica_are_compared_once_in_max_lag(
    servers: FakeServers, connection: LagLimitedConnection
) -> None:
    for _ in range(100):
        assert await _is_read(connection)
        servers.now += 0.1  # 10 seconds in all
    compared = [each for each in servers.statements if "gtid_current_pos" in each]
    assert 5 <= len(compared) <= 8, servers.statements
    read = [each for each in servers.statements if "gtid_binlog_pos" in each]
    assert 15 <= len(read) <= 25, servers.statements


async def test_a_replica_that_is_a_second_behind_is_read(
    servers: FakeServers, connection: LagLimitedConnection
) -> None:
    servers.written = 1000
    servers.applied = 990
    found = []
    for _ in range(100):
        found.append(await _is_read(connection))
        servers.now += 0.1
        servers.written += 1
        servers.applied += 1
    assert all(found[15:])


async def test_a_replica_that_is_three_seconds_behind_is_not_read(
    servers: FakeServers, connection: LagLimitedConnection
) -> None:
    servers.written = 1000
    servers.applied = 970
    for _ in range(100):
        assert not await _is_read(connection)
        servers.now += 0.1
        servers.written += 1
        servers.applied += 1


async def test_nothing_that_is_older_than_max_lag_is_shown_after_replication_has_stopped(
    servers: FakeServers, connection: LagLimitedConnection
) -> None:
    assert await _is_read(connection)
    servers.written += 1
    written_at = servers.now
    while servers.now < written_at + 3 * MAX_LAG:
        if servers.now > written_at + MAX_LAG:
            assert not await _is_read(connection)
        else:
            await _is_read(connection)
        servers.now += 0.05


async def test_a_replica_that_has_more_than_the_primary_had_a_moment_ago_is_read(
    servers: FakeServers, connection: LagLimitedConnection
) -> None:
    assert await _is_read(connection)
    servers.now += MAX_LAG - 0.01
    assert await _is_read(connection)  # reads the position of the primary, too
    servers.now += 0.02
    servers.written = servers.applied = 5
    assert await _is_read(connection)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"own_writes": 3}, "it has changes that the primary does not have"),
        ({"applied": 7}, "it has changes that the primary does not have"),
        ({"is_replicating": False}, "it does not replicate"),
        ({"written": 0}, "log_bin"),
        ({"failure": QueryFailed("1193 Unknown system variable")}, "1193 Unknown system variable"),
        ({"failure": DatabaseUnavailable("no connection")}, "cannot be read"),
    ],
)
async def test_a_server_whose_age_is_not_known_is_not_read_and_the_reason_is_told(
    change: dict[str, object],
    reason: str,
    servers: FakeServers,
    connection: LagLimitedConnection,
) -> None:
    for name, value in change.items():
        setattr(servers, name, value)
    with pytest.raises(ReplicaNotCurrent, match=reason):
        await connection.fetch(_READ)
    assert f"replica: {_READ.sql}" not in servers.statements


def _open(
    servers: FakeServers, replicas: str, timeout: float = 5.0
) -> tuple[ReplicatedDatabase, list[Replica]]:
    primary = GlanceDatabase(_options("primary", timeout), servers.connect)
    positions = PrimaryPositions(primary, MAX_LAG, timeout / 4, servers.clock)
    opened = open_replicas(_options(replicas, timeout), servers.connect, positions, servers.clock)
    return ReplicatedDatabase(primary, opened, timeout), opened


async def test_the_first_replica_that_works_is_read(servers: FakeServers) -> None:
    database, _ = _open(servers, "down,replica,down")
    for _ in range(5):
        assert await database.fetch(_READ) == [["replica"]]


async def test_a_replica_of_an_unknown_schema_is_not_read(servers: FakeServers) -> None:
    servers.revision = "2027_1_contract01"
    database, _ = _open(servers, "replica")
    for _ in range(5):
        assert await database.fetch(_READ) == [["primary"]]


async def test_a_replica_that_hangs_takes_half_of_the_timeout_of_a_read(
    servers: FakeServers,
) -> None:
    servers.is_replica_hanging = True
    database, _ = _open(servers, "replica", timeout=2.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await database.fetch(_READ) == [["primary"]]
    assert 1.0 <= loop.time() - began < 2.0


async def test_a_primary_whose_position_cannot_be_read_is_read(servers: FakeServers) -> None:
    servers.failure = QueryFailed("42501 permission denied for function pg_control_system")
    database, replicas = _open(servers, "replica")
    for _ in range(5):
        with pytest.raises(ReplicaNotCurrent):
            await replicas[0].check()
    assert await database.fetch(_READ) == [["primary"]]


async def test_a_replica_that_goes_down_while_it_is_not_current_is_not_checked_with_each_statement(
    servers: FakeServers,
) -> None:
    database, replicas = _open(servers, "replica")
    servers.is_replicating = False
    assert await database.fetch(_READ) == [["primary"]]
    servers.is_replica_down = True
    servers.connected.clear()
    for _ in range(20):
        servers.now += 0.1  # 2 seconds in all, and a check is due every half a second
        assert await database.fetch(_READ) == [["primary"]]
        await asyncio.sleep(0.01)  # a check runs in the background
    assert 3 <= servers.connected.count("replica") <= 4
    await replicas[0].close()


async def test_readiness_does_not_show_the_addresses_of_a_login_that_the_primary_refuses(
    servers: FakeServers, caplog: pytest.LogCaptureFixture
) -> None:
    refused = "1045 Access denied for user 'glimpse'@'10.0.0.5'"
    servers.failure = QueryFailed(refused)
    database, replicas = _open(servers, "replica")
    primary = GlanceDatabase(_options("primary", 5.0), servers.connect)
    positions = PrimaryPositions(primary, MAX_LAG, 1.0, servers.clock)
    keys = AsyncMock(return_value=frozenset())
    reader = ImageReader(database, read_glance_rules(), keys, page_size=10)
    reads = ReplicatedReads(reader, RecentWrites(MAX_LAG), replicas, positions)
    assert await reads.failure() == "the position of the primary cannot be read"
    assert refused in caplog.text


async def test_while_the_primary_is_down_nothing_older_than_max_lag_is_read(
    servers: FakeServers,
) -> None:
    database, _ = _open(servers, "replica")
    assert await database.fetch(_READ) == [["replica"]]
    servers.is_primary_down = True
    servers.now += MAX_LAG - 0.1
    assert await database.fetch(_READ) == [["replica"]]
    servers.now += 0.2
    for _ in range(5):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(_READ)
