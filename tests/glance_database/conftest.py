"""Fixtures: Glance's tables in MariaDB and PostgreSQL, a reader of them, and replicas."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from glimpse.app.glance_policy import read_glance_rules
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import Dialect, parse_database_url
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from tests.glance_database.glance_tables import GlanceTables
from tests.glance_database.replicated_gateway import ReplicatedGateway
from tests.glance_database.replication import Replication, start_replication
from tests.support.process import ServerProcess
from tests.support.services import mariadb, postgresql


class DatabaseServer(NamedTuple):
    """A running server of a database."""

    dialect: Dialect
    process: ServerProcess


@pytest.fixture(scope="session", params=["mysql", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseServer]:
    """A server without any database; it is the same one for all tests of a process."""
    directory = tmp_path_factory.mktemp(request.param)
    run = mariadb if request.param == "mysql" else postgresql
    with run(directory) as process:
        yield DatabaseServer(request.param, process)


@pytest.fixture
async def tables(server: DatabaseServer) -> AsyncIterator[GlanceTables]:
    """Glance's tables, without images."""
    tables = await GlanceTables.create(server.dialect, server.process.port)
    try:
        yield tables
    finally:
        await tables.drop()


@pytest.fixture
def options(tables: GlanceTables) -> DatabaseOptions:
    """The options to read `tables`, with three images a page."""
    return DatabaseOptions(
        url=parse_database_url(tables.url),
        falls_back=False,
        pool_size=2,
        connect_timeout=10.0,
        timeout=10.0,
        page_size=3,
    )


@pytest.fixture
async def database(options: DatabaseOptions) -> AsyncIterator[GlanceDatabase]:
    database = GlanceDatabase(options, find_driver(options.url))
    yield database
    await database.close()


@pytest.fixture
def reader(database: GlanceDatabase, options: DatabaseOptions) -> ImageReader:
    """A reader for a Glance whose schema declares the property ``declared``."""

    async def all_keys(_token: str) -> frozenset[str]:
        return frozenset(("declared",))

    return ImageReader(database, read_glance_rules(), all_keys, options.page_size)


@pytest.fixture(scope="session", params=["mysql", "postgresql"])
def replication(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replication]:
    """A primary and its replica, without Glance's database; shared by a process's tests."""
    with start_replication(request.param, tmp_path_factory.mktemp(request.param)) as replication:
        yield replication


@pytest.fixture
async def primary_tables(replication: Replication) -> AsyncIterator[GlanceTables]:
    """Glance's tables in the primary of `replication`, without images."""
    tables = await GlanceTables.create(replication.dialect, replication.primary.port)
    try:
        yield tables
    finally:
        await tables.drop()


@pytest.fixture
async def replicated(
    replication: Replication, primary_tables: GlanceTables, tmp_path: Path
) -> AsyncIterator[ReplicatedGateway]:
    """A gateway that reads the replica of `primary_tables`."""
    gateway = ReplicatedGateway(primary_tables, replication.replica.port, tmp_path)
    yield gateway
    await gateway.close()
