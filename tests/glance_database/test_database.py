"""Reading a database that is paused, restarted, killed, or of another revision."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from glimpse.glance_database.connection import Rows, Statement
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import DatabaseURL, Host, parse_database_url
from glimpse.glance_database.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    QueryFailed,
    UnknownSchema,
    ValueRefused,
)
from glimpse.glance_database.options import DatabaseOptions
from tests.glance_database.conftest import DatabaseServer
from tests.glance_database.glance_tables import REVISION, GlanceTables
from tests.support.process import free_port, wait_until

COUNT_IMAGES = Statement("SELECT COUNT(*) FROM images")


@pytest.fixture
async def open_database(
    options: DatabaseOptions,
) -> AsyncIterator[Callable[..., GlanceDatabase]]:
    """A function that opens the database with options in place of those of the fixture."""
    opened = []

    def open_database(retry_seconds: float = 1.0, **changes: object) -> GlanceDatabase:
        changed = replace(options, **changes)  # type: ignore[arg-type]  # fields of all types
        database = GlanceDatabase(changed, find_driver(options.url), retry_seconds=retry_seconds)
        opened.append(database)
        return database

    yield open_database
    for database in opened:
        await database.close()


async def test_after_a_restart_of_the_server_the_next_statement_succeeds(
    database: GlanceDatabase, server: DatabaseServer
) -> None:
    assert [*(await database.fetch(COUNT_IMAGES))[0]] == [0]
    server.process.kill()
    await asyncio.to_thread(server.process.start)
    await _until_ready(database)
    assert [*(await database.fetch(COUNT_IMAGES))[0]] == [0]


async def _until_ready(database: GlanceDatabase) -> None:
    """Wait until the server, which already listens, accepts connections."""
    while True:
        try:
            await database.check()
        except DatabaseUnavailable:
            await asyncio.to_thread(os.sched_yield)
        else:
            return


async def test_a_paused_server_is_unavailable_and_is_read_again_when_it_goes_on(
    open_database: Callable[..., GlanceDatabase], server: DatabaseServer
) -> None:
    database = open_database(timeout=0.2, pool_size=1)
    await database.fetch(COUNT_IMAGES)
    _signal_all(server, signal.SIGSTOP)
    wait_until(lambda: _is_stopped(server.process.pid), "it still runs")
    try:
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(COUNT_IMAGES)
        with pytest.raises(DatabaseUnavailable):  # nor does it accept a connection
            await database.fetch(COUNT_IMAGES)
    finally:
        _signal_all(server, signal.SIGCONT)
    await _until_ready(database)
    await database.fetch(COUNT_IMAGES)


def _signal_all(server: DatabaseServer, number: signal.Signals) -> None:
    """Send a signal to the server, and to the processes that serve its connections."""
    for pid in (server.process.pid, *server.process.children()):
        os.kill(pid, number)


def _is_stopped(pid: int) -> bool:
    """Return True if SIGSTOP has stopped all threads of a process, which takes a moment."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


async def test_after_three_failures_no_statement_calls_the_database(
    open_database: Callable[..., GlanceDatabase], options: DatabaseOptions
) -> None:
    port = free_port()
    database = open_database(url=_at_port(options, port), retry_seconds=600.0)
    await _open_circuit_breaker(database)
    async with await _forward(port, options):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(COUNT_IMAGES)
        await database.check()
        await database.fetch(COUNT_IMAGES)
        await database.close()


class SlowConnection:
    """A connection whose statements take a moment each."""

    async def fetch(self, statement: Statement) -> Rows:
        await asyncio.sleep(0.1)
        return [[REVISION if "alembic" in statement.sql else 0]]

    def close(self) -> None:
        """Do nothing."""


async def test_requests_that_wait_for_a_connection_do_not_have_the_database_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def connect(_url: DatabaseURL, _host: Host, _seconds: float) -> SlowConnection:
        return SlowConnection()

    url = parse_database_url("mysql://db/glance")
    options = DatabaseOptions(url, falls_back=False, pool_size=1, connect_timeout=1.0, timeout=1.0)
    database = GlanceDatabase(options, connect)
    reads = (database.fetch(COUNT_IMAGES) for _ in range(30))
    results = await asyncio.gather(*reads, return_exceptions=True)
    assert {type(each) for each in results} == {list, DatabaseBusy}
    await database.fetch(COUNT_IMAGES)
    (record,) = [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")]
    assert "pool_size" in record.message
    await database.close()


async def test_probes_find_that_the_database_is_back_without_a_statement(
    open_database: Callable[..., GlanceDatabase], options: DatabaseOptions
) -> None:
    port = free_port()
    database = open_database(url=_at_port(options, port), retry_seconds=0.05)
    await _open_circuit_breaker(database)
    async with await _forward(port, options):
        await _tasks_of("_run_probes")
        await database.fetch(COUNT_IMAGES)
        await database.close()


def _at_port(options: DatabaseOptions, port: int) -> DatabaseURL:
    return replace(options.url, hosts=(Host("127.0.0.1", port),))


async def _open_circuit_breaker(database: GlanceDatabase) -> None:
    for _ in range(4):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(COUNT_IMAGES)


async def _forward(port: int, options: DatabaseOptions) -> asyncio.Server:
    """Pass the connections to `port` on to the database."""
    return await asyncio.start_server(_forward_to(options.url.hosts[0].port), "127.0.0.1", port)


async def _tasks_of(name: str) -> None:
    """Wait for the tasks that run a function with this name."""
    tasks = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == name]  # type: ignore[union-attr]
    assert tasks
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks)


def _forward_to(
    port: int,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return the handler of a server that passes its connections on to another port."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))

    return forward


async def test_the_next_host_is_used_if_the_first_is_down(
    open_database: Callable[..., GlanceDatabase], options: DatabaseOptions
) -> None:
    hosts = (Host("127.0.0.1", free_port()), *options.url.hosts)
    database = open_database(url=replace(options.url, hosts=hosts))
    await database.fetch(COUNT_IMAGES)


async def test_a_wrong_password_is_an_error_that_does_not_tell_it(
    open_database: Callable[..., GlanceDatabase],
    options: DatabaseOptions,
    server: DatabaseServer,
) -> None:
    if server.dialect == "postgresql":
        pytest.skip("the PostgreSQL of tests asks for no password")
    database = open_database(url=replace(options.url, password="wr0ng"))
    with pytest.raises(QueryFailed) as error:
        await database.fetch(COUNT_IMAGES)
    assert "wr0ng" not in str(error.value)


@pytest.mark.parametrize(
    ("revisions", "is_known"),
    [
        (("2023_1_contract01",), True),
        (("2024_1_expand01", "2023_1_contract01"), True),
        (("2027_1_contract01",), False),
        ((REVISION, "2027_1_expand01"), False),
        ((), False),
    ],
)
async def test_only_tables_of_a_known_revision_are_read(
    revisions: tuple[str, ...],
    *,
    is_known: bool,
    tables: GlanceTables,
    database: GlanceDatabase,
) -> None:
    await tables.execute("delete from alembic_version")
    for revision in revisions:
        await tables.execute("insert into alembic_version values (%s)", revision)
    if is_known:
        await database.check()
        return
    with pytest.raises(UnknownSchema, match=revisions[-1] if revisions else "none"):
        await database.check()


async def test_nothing_can_be_written(tables: GlanceTables, database: GlanceDatabase) -> None:
    await tables.put_image()
    with pytest.raises(DatabaseError):
        await database.fetch(Statement("UPDATE images SET name = 'x'"))


async def test_a_table_that_may_not_be_read_is_an_error(
    tables: GlanceTables, database: GlanceDatabase
) -> None:
    await tables.execute("revoke select on image_tags from reader")
    with pytest.raises(QueryFailed):
        await database.check()


async def test_values_are_never_a_part_of_the_statement(database: GlanceDatabase) -> None:
    for value in ("'", "\\'", "' OR 1 = 1 -- ", '"', "\\", "%s", "$1"):
        rows = await database.fetch(
            Statement("SELECT COUNT(*) FROM images WHERE id = %s", (value,))
        )
        assert [*rows[0]] == [0]
        rows = await database.fetch(Statement("SELECT %s", (value,)))
        assert [*rows[0]] == [value]


async def test_a_value_that_cannot_be_compared_does_not_count_as_a_failure(
    database: GlanceDatabase,
) -> None:
    for _ in range(5):
        with pytest.raises(ValueRefused):
            await database.fetch(Statement("SELECT 1 FROM images WHERE id = %s", ("\ud800",)))
    await database.fetch(COUNT_IMAGES)
