"""GlanceDatabase: MariaDB or PostgreSQL with an empty Glance database; a user to read it.

    with start_mariadb(directory) as database, PeerCloud.start(peers, database=database):
        database.grant_reads()

Without one, the Glance of a PeerCloud has SQLite, which Glimpse does not read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg2
import pymysql

from glimpse.glance_database.database_url import Dialect
from tests.glance_database.replication import start_replication
from tests.support.process import ServerProcess
from tests.support.services import mariadb, postgresql

_TABLES = ("images", "image_properties", "image_members", "image_tags", "alembic_version")
_NAMED_PLACEHOLDER = re.compile(r":(\w+)")
_SCHEMES: Mapping[Dialect, str] = {
    "mysql": "mysql+pymysql",
    "postgresql": "postgresql+psycopg2",
}
_PASSWORD = "secret"
# Statements that return statements, for each foreign key and for each table of Glance's MariaDB
_DROP_FOREIGN_KEYS = """
    SELECT CONCAT('ALTER TABLE glance.', table_name, ' DROP FOREIGN KEY ', constraint_name)
    FROM information_schema.referential_constraints WHERE constraint_schema = 'glance'
"""
_CONVERT_TABLES = """
    SELECT CONCAT('ALTER TABLE glance.', table_name, ' CONVERT TO CHARACTER SET utf8mb4')
    FROM information_schema.tables WHERE table_schema = 'glance'
"""

User = Literal["glance", "reader", "root", "postgres"]


class TableWriter:
    """Executes statements with the placeholders of sqlite3, ``?`` or ``:name``."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, statement: str, row: Any = ()) -> None:
        """Execute a statement with the values of one row."""
        self._cursor.execute(_translate(statement), row)

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        """Execute a statement for each row; an INSERT has many rows at once."""
        self._cursor.executemany(_translate(statement), list(rows))


def _translate(statement: str) -> str:
    return _NAMED_PLACEHOLDER.sub(r"%(\1)s", statement).replace("?", "%s")


class GlanceDatabase:
    """The database of a Glance, and maybe its replica. Its user ``glance`` may do everything.

    With `utf8mb4`, Glance connects to a MariaDB so that texts may have characters of four bytes.
    """

    def __init__(
        self,
        dialect: Dialect,
        server: ServerProcess,
        replica: ServerProcess | None = None,
        *,
        utf8mb4: bool = False,
    ) -> None:
        """Create the database and its users in a server that is empty."""
        self.dialect = dialect
        self.server = server
        self.replica = replica
        self._utf8mb4 = utf8mb4
        if dialect == "mysql":
            statements = [
                "CREATE DATABASE glance CHARACTER SET utf8mb4",
                *(f"CREATE USER {user} IDENTIFIED BY '{_PASSWORD}'" for user in _USERS),
                "GRANT ALL ON glance.* TO glance",
            ]
        else:
            statements = [
                *(f"CREATE ROLE {user} LOGIN PASSWORD '{_PASSWORD}'" for user in _USERS),
                "CREATE DATABASE glance OWNER glance",
            ]
        self._administrate(statements)

    @property
    def url(self) -> str:
        """The URL for ``[database] connection`` of glance-api.conf."""
        return self._url("glance", self.server)

    @property
    def reader_url(self) -> str:
        """The URL for ``[glance_database] connection``, of a user that may only read."""
        return self._url("reader", self.server)

    @property
    def replica_url(self) -> str | None:
        """The URL for ``[glance_database] replica_connection``; None without a replica."""
        return None if self.replica is None else self._url("reader", self.replica)

    @property
    def gateway_options(self) -> str:
        """The section of nova.conf with which Glimpse reads this database, and nothing else."""
        return f"[glance_database]\nconnection = {self.reader_url}\nfallback = refuse\n"

    @property
    def has_four_bytes(self) -> bool:
        """True if texts may have characters that take four bytes of UTF-8."""
        return self._utf8mb4 or self.dialect == "postgresql"

    def _url(self, user: User, server: ServerProcess) -> str:
        address = f"{user}:{_PASSWORD}@127.0.0.1:{server.port}"
        options = "?charset=utf8mb4" if self._utf8mb4 else ""
        return f"{_SCHEMES[self.dialect]}://{address}/glance{options}"

    def grant_reads(self) -> None:
        """Let the user of `reader_url` read what Glimpse reads; Glance has to have made it."""
        with self.write() as tables:
            for table in _TABLES:
                tables.execute(f"GRANT SELECT ON {table} TO reader")

    def convert_tables(self) -> None:
        """Convert the tables that Glance has made to utf8mb4, if the database is to have that.

        Glance makes tables of utf8, whose characters have up to three bytes. Foreign keys are
        dropped: MariaDB converts no column that belongs to one.
        """
        if not self._utf8mb4:
            return
        conversions = (*map(self._fetch_column, (_DROP_FOREIGN_KEYS, _CONVERT_TABLES)),)
        self._administrate(statement for statements in conversions for statement in statements)

    @contextmanager
    def write(self) -> Iterator[TableWriter]:
        """Open the database to write to its tables; commit at the end."""
        user: User = "root" if self.dialect == "mysql" else "glance"  # who may grant
        connection = self._connect(user, "glance")
        try:
            with connection.cursor() as cursor:
                yield TableWriter(cursor)
            connection.commit()
        finally:
            connection.close()

    def _fetch_column(self, statement: str) -> list[str]:
        """Return the first column of the rows of a statement."""
        connection = self._connect("glance", "glance")
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return [str(row[0]) for row in cursor.fetchall()]
        finally:
            connection.close()

    def _administrate(self, statements: Iterable[str]) -> None:
        """Execute statements, each in a transaction of its own, as the server's administrator."""
        user: User = "root" if self.dialect == "mysql" else "postgres"
        connection = self._connect(user, None if self.dialect == "mysql" else "postgres")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def _connect(self, user: User, database: str | None) -> Any:
        """Return a connection of pymysql or psycopg2."""
        password = _PASSWORD if user in _USERS else ""
        address = {"host": "127.0.0.1", "port": self.server.port, "user": user}
        if self.dialect == "mysql":
            return pymysql.connect(**address, password=password, database=database)
        return psycopg2.connect(**address, password=password, dbname=database)


_USERS = ("glance", "reader")


@contextmanager
def start_mariadb(directory: Path, *, utf8mb4: bool = False) -> Iterator[GlanceDatabase]:
    """Run a MariaDB in `directory`; skip the test if it is not installed.

    For `utf8mb4`, see GlanceDatabase and its method `convert_tables`.
    """
    with mariadb(directory) as server:
        yield GlanceDatabase("mysql", server, utf8mb4=utf8mb4)


@contextmanager
def start_postgresql(directory: Path) -> Iterator[GlanceDatabase]:
    """Run a PostgreSQL, with its log in `directory`; skip the test if it is not installed."""
    with postgresql(directory) as server:
        yield GlanceDatabase("postgresql", server)


@contextmanager
def start_replicated_mariadb(directory: Path) -> Iterator[GlanceDatabase]:
    """Run a MariaDB and its replica; skip the test if it is not installed."""
    with start_replication("mysql", directory) as servers:
        yield GlanceDatabase("mysql", servers.primary, servers.replica)


@contextmanager
def start_replicated_postgresql(directory: Path) -> Iterator[GlanceDatabase]:
    """Run a PostgreSQL and its replica; skip the test if it is not installed."""
    with start_replication("postgresql", directory) as servers:
        yield GlanceDatabase("postgresql", servers.primary, servers.replica)
