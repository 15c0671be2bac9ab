"""Fixtures: Glance's tables in a MariaDB and in a PostgreSQL, and a reader of them."""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest

from glimpse.app.glance_database import read_glance_rules
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import Dialect, parse_database_url
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from tests.glance_database.glance_tables import GlanceTables
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

    async def declared_keys(_token: str) -> frozenset[str]:
        return frozenset(("declared",))

    return ImageReader(database, read_glance_rules(), declared_keys, options.page_size)
