"""The connection pool: bounds, reuse, and connections that end or hang."""

import asyncio

import pytest

from glimpse.glance_database.connection import Rows, Statement
from glimpse.glance_database.errors import ConnectionLost, DatabaseBusy, DatabaseUnavailable
from glimpse.glance_database.pool import ConnectionPool

_STATEMENT = Statement("SELECT 1")


class FakeConnection:
    """A connection whose statements wait for `released`; it records if it was closed."""

    def __init__(self, released: asyncio.Event) -> None:
        self.released = released
        self.is_closed = False
        self.is_lost = False

    async def fetch(self, statement: Statement) -> Rows:
        assert statement is _STATEMENT
        await self.released.wait()
        if self.is_lost:
            raise ConnectionLost("closed by the server")
        return [(1,)]

    def close(self) -> None:
        self.is_closed = True


class FakeDatabase:
    """Opens FakeConnections; `opened` has all of them."""

    def __init__(self) -> None:
        self.opened: list[FakeConnection] = []
        self.has_opened = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()
        self.now = 100.0

    async def connect(self) -> FakeConnection:
        connection = FakeConnection(self.released)
        self.opened.append(connection)
        self.has_opened.set()
        return connection

    def pool(self, size: int = 2, timeout: float = 30.0) -> ConnectionPool:
        return ConnectionPool(
            self.connect, size=size, timeout=timeout, lifetime=60.0, clock=lambda: self.now
        )

    @property
    def open_connections(self) -> int:
        return sum(not connection.is_closed for connection in self.opened)


async def test_a_connection_is_used_again() -> None:
    database = FakeDatabase()
    pool = database.pool()
    for _ in range(3):
        assert await pool.fetch(_STATEMENT) == [(1,)]
    assert len(database.opened) == 1


async def test_statements_wait_while_all_connections_are_in_use() -> None:
    database = FakeDatabase()
    database.released.clear()
    pool = database.pool(size=2)
    tasks = [asyncio.create_task(pool.fetch(_STATEMENT)) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(database.opened) == 2
    database.released.set()
    assert await asyncio.gather(*tasks) == [[(1,)]] * 5
    assert len(database.opened) == 2


async def test_a_statement_over_a_connection_that_the_server_closed_is_sent_again() -> None:
    database = FakeDatabase()
    pool = database.pool()
    await pool.fetch(_STATEMENT)
    database.opened[0].is_lost = True
    assert await pool.fetch(_STATEMENT) == [(1,)]
    assert [connection.is_closed for connection in database.opened] == [True, False]


async def test_a_connection_that_is_lost_while_it_is_new_is_an_error() -> None:
    database = FakeDatabase()
    database.released.clear()
    pool = database.pool()
    task = asyncio.create_task(pool.fetch(_STATEMENT))
    await database.has_opened.wait()
    database.opened[0].is_lost = True
    database.released.set()
    with pytest.raises(ConnectionLost):
        await task
    assert database.open_connections == 0


async def test_a_statement_that_takes_too_long_is_an_error_and_its_connection_is_closed() -> None:
    database = FakeDatabase()
    database.released.clear()
    pool = database.pool(size=1, timeout=0.01)
    with pytest.raises(DatabaseUnavailable):
        await pool.fetch(_STATEMENT)
    assert database.open_connections == 0
    database.released.set()
    assert await pool.fetch(_STATEMENT) == [(1,)]


async def test_the_connection_of_a_cancelled_statement_is_closed() -> None:
    database = FakeDatabase()
    database.released.clear()
    pool = database.pool()
    task = asyncio.create_task(pool.fetch(_STATEMENT))
    await database.has_opened.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.open_connections == 0


async def test_an_old_connection_is_replaced() -> None:
    database = FakeDatabase()
    pool = database.pool()
    await pool.fetch(_STATEMENT)
    database.now += 61.0
    await pool.fetch(_STATEMENT)
    assert [connection.is_closed for connection in database.opened] == [True, False]


async def test_closing_the_pool_closes_all_connections() -> None:
    database = FakeDatabase()
    pool = database.pool()
    await pool.fetch(_STATEMENT)
    database.released.clear()
    task = asyncio.create_task(pool.fetch(_STATEMENT))
    await asyncio.sleep(0)
    pool.close()
    database.released.set()
    await task
    assert database.open_connections == 0


async def test_a_statement_that_waits_while_others_have_results_finds_the_database_busy() -> None:
    database = FakeDatabase()
    pool = database.pool(size=1)
    database.released.clear()
    first, second = (asyncio.create_task(pool.fetch(_STATEMENT)) for _ in range(2))
    await database.has_opened.wait()
    waiting = asyncio.create_task(pool.fetch(_STATEMENT, 0.01))
    await asyncio.sleep(0)
    released_later = database.opened[0].released = asyncio.Event()
    database.released.set()
    await first
    with pytest.raises(DatabaseBusy):
        await waiting
    released_later.set()
    await second


async def test_a_statement_that_waits_while_no_other_has_a_result_finds_it_unavailable() -> None:
    database = FakeDatabase()
    pool = database.pool(size=1)
    await pool.fetch(_STATEMENT)
    database.now += 1.0
    database.released.clear()
    first = asyncio.create_task(pool.fetch(_STATEMENT))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable) as caught:
        await pool.fetch(_STATEMENT, 0.01)
    assert not isinstance(caught.value, DatabaseBusy)
    database.released.set()
    await first


@pytest.mark.parametrize(("wait", "is_busy"), [(0.002, False), (0.018, True)])
async def test_a_statement_that_hangs_finds_the_database_busy_only_after_a_long_wait(
    wait: float, *, is_busy: bool
) -> None:
    database = FakeDatabase()
    pool = database.pool(size=1)
    database.released.clear()
    first = asyncio.create_task(pool.fetch(_STATEMENT))
    await database.has_opened.wait()
    hanging = asyncio.create_task(pool.fetch(_STATEMENT, 0.02))
    await asyncio.sleep(0)
    database.opened[0].released = asyncio.Event()  # never set
    database.now += wait
    database.released.set()
    await first
    with pytest.raises(DatabaseUnavailable) as caught:
        await hanging
    assert isinstance(caught.value, DatabaseBusy) is is_busy
