"""Replication: a primary and its replica, whose replication tests can pause, and end."""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import asyncmy
import asyncpg

from glimpse.glance_database.database_url import Dialect
from tests.support.process import ServerProcess
from tests.support.services import mariadb, postgresql


class Replication(ABC):
    """A running primary and its replica, on ports of their own."""

    dialect: Dialect

    def __init__(self, primary: ServerProcess, replica: ServerProcess) -> None:
        self.primary = primary
        self.replica = replica

    @classmethod
    @abstractmethod
    def start_primary(cls, directory: Path) -> AbstractContextManager[ServerProcess]:
        """Run a server that can be replicated, with its log in `directory`."""

    @classmethod
    @abstractmethod
    def start_replica(
        cls, primary: ServerProcess, directory: Path
    ) -> AbstractContextManager["Replication"]:
        """Run a replica of `primary`, with its log in the empty `directory`."""

    @abstractmethod
    async def pause(self) -> None:
        """Have the replica apply nothing more, although it goes on to receive the primary's log."""

    @abstractmethod
    async def resume(self) -> None:
        """Undo `pause`."""

    @abstractmethod
    async def promote(self) -> None:
        """End the replication: the replica becomes a primary of its own. Cannot be undone."""

    @abstractmethod
    async def follow(self, primary: ServerProcess) -> None:
        """Have the replica replicate `primary`, which has all that the replica has."""

    @abstractmethod
    async def write_to_replica(self, sql: str) -> None:
        """Run a statement on the replica's copy of Glance's database."""


_server_ids = itertools.count(2)  # of MariaDB's replicas; the primary's is 1


class MariaDBReplication(Replication):
    """Replication with global transaction ids."""

    dialect: Dialect = "mysql"

    @classmethod
    def start_primary(cls, directory: Path) -> AbstractContextManager[ServerProcess]:
        return mariadb(directory, "--log-bin=log")

    @classmethod
    @contextmanager
    def start_replica(cls, primary: ServerProcess, directory: Path) -> Iterator[Replication]:
        with mariadb(directory, f"--server-id={next(_server_ids)}", "--log-bin=log") as replica:
            replication = cls(primary, replica)
            asyncio.run(replication.follow(primary))
            yield replication

    async def follow(self, primary: ServerProcess) -> None:
        await self._execute(
            "STOP SLAVE",
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port},"
            " MASTER_USER='root', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
            "START SLAVE",
        )

    async def pause(self) -> None:
        await self._execute("STOP SLAVE SQL_THREAD")

    async def resume(self) -> None:
        await self._execute("START SLAVE SQL_THREAD")

    async def promote(self) -> None:
        await self._execute("STOP SLAVE", "RESET SLAVE ALL")

    async def write_to_replica(self, sql: str) -> None:
        await self._execute("USE glance", sql)

    async def _execute(self, *statements: str) -> None:
        """Run statements on the replica as its administrator."""
        connection: Any = await asyncmy.connect(
            host="127.0.0.1", port=self.replica.port, user="root", autocommit=True
        )
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
        await connection.ensure_closed()


class PostgreSQLReplication(Replication):
    """Streaming replication."""

    dialect: Dialect = "postgresql"

    @classmethod
    def start_primary(cls, directory: Path) -> AbstractContextManager[ServerProcess]:
        return postgresql(directory)

    @classmethod
    @contextmanager
    def start_replica(cls, primary: ServerProcess, directory: Path) -> Iterator[Replication]:
        with postgresql(directory, primary=primary) as replica:
            yield cls(primary, replica)

    async def pause(self) -> None:
        await self._execute("SELECT pg_wal_replay_pause()")

    async def resume(self) -> None:
        await self._execute("SELECT pg_wal_replay_resume()")

    async def promote(self) -> None:
        await self._execute("SELECT pg_promote()")

    async def follow(self, primary: ServerProcess) -> None:
        address = f"host=127.0.0.1 port={primary.port} user=postgres"
        await self._execute(f"ALTER SYSTEM SET primary_conninfo = '{address}'")
        await self._execute("SELECT pg_reload_conf()")

    async def write_to_replica(self, sql: str) -> None:
        await self._execute(sql, "glance")

    async def _execute(self, sql: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.replica.port, user="postgres", database=database
        )
        await connection.execute(sql)
        await connection.close()


@contextmanager
def start_replication(dialect: Dialect, directory: Path) -> Iterator[Replication]:
    """Run a primary and its replica; skip the test if the servers are not installed."""
    kinds: Mapping[Dialect, type[Replication]] = {
        "mysql": MariaDBReplication,
        "postgresql": PostgreSQLReplication,
    }
    kind = kinds[dialect]
    for name in ("primary", "replica"):
        (directory / name).mkdir()
    with (
        kind.start_primary(directory / "primary") as primary,
        kind.start_replica(primary, directory / "replica") as replication,
    ):
        yield replication
