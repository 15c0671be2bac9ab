"""Replica: a replica of Glance's database. ReplicatedDatabase: reads replicas or primary."""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Sequence

from glimpse.glance_database.circuit_breaker import CircuitBreaker
from glimpse.glance_database.connection import Connection, Row, Rows, Statement
from glimpse.glance_database.connector import ConnectToHost
from glimpse.glance_database.database import GlanceDatabase, Role
from glimpse.glance_database.errors import (
    DatabaseError,
    DatabaseUnavailable,
    QueryFailed,
    ReplicaNotCurrent,
    UnknownSchema,
)
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.replica_lag import LagLimitedConnection
from glimpse.telemetry.observer import Service
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)
REPLICA_SERVICE: Service = "glance_database_replica"
_CONSEQUENCE = "The primary is read in its place."
_MAX_RETRY_SECONDS = 1.0  # between two checks of a replica that is not current
_FAILURES = (DatabaseUnavailable, QueryFailed, UnknownSchema, ReplicaNotCurrent)


class Replica:
    """A replica of Glance's database that runs statements only while it is current.

    `options.url` has one host, the replica. The replica is current if it has all changes that the
    primary had `positions.max_lag` seconds ago.

    When a statement or a check finds that the replica is not current, the idle connections are
    closed. From then on, each statement raises ReplicaNotCurrent at once. The statement also starts
    a check in the background if the last failure is old enough: one second, or a quarter of
    `max_lag` if that is shorter. After a successful check, statements are run again. The log says
    when the replica is no longer read, and when it is read again.

    After three other failures in a row, statements raise DatabaseUnavailable at once, as those of a
    GlanceDatabase do.
    """

    def __init__(
        self,
        options: DatabaseOptions,
        connect: ConnectToHost,
        positions: PrimaryPositions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        host = options.url.hosts[0]
        self.address = str(host)
        self.user = options.url.user
        self._name = f"The replica of Glance's database at {self.address}"

        def wrap(connection: Connection) -> Connection:
            return LagLimitedConnection(connection, positions, clock)

        self.database = GlanceDatabase(
            options, connect, Role(REPLICA_SERVICE, self._name, _CONSEQUENCE, wrap)
        )
        retry_seconds = min(_MAX_RETRY_SECONDS, positions.max_lag / 4)
        self._lag = CircuitBreaker(max_failures=1, retry_seconds=retry_seconds, clock=clock)
        self._logged = self._reason = ""
        self._checking = SingleFlight(self._run_check)

    async def fetch(self, statement: Statement, seconds: float) -> Rows:
        """Run a statement within `seconds` and return its rows.

        Raises ReplicaNotCurrent if the replica is not current: at once if an earlier statement or
        check has found that. Raises ValueRefused if the replica cannot compare a value of the
        statement. Raises another DatabaseError if the replica fails.
        """
        if self._lag.is_open:
            if self._lag.is_probe_due():
                self._checking.start()
            current_context.get().call_ended(REPLICA_SERVICE, "select", "not_current", 0.0)
            raise ReplicaNotCurrent(self._reason)
        try:
            return await self.database.fetch(statement, seconds)
        except ReplicaNotCurrent as error:
            self._record_lag(error)
            raise

    async def check(self) -> None:
        """Check that Glance's tables can be read, and that the replica is current.

        Raises ReplicaNotCurrent if the replica is not current. From then on, `fetch` also raises
        it, until a check succeeds. Raises another DatabaseError if the replica fails, has no
        connection free, or takes longer than `options.timeout`.
        """
        try:
            await self.database.check()
        except ReplicaNotCurrent as error:
            self._record_lag(error)
            raise
        except DatabaseError:
            if self._lag.is_open:
                self._lag.record_failure()  # so that the next check is not due at once
            raise
        if self._lag.is_open:
            _LOG.warning("%s is current, and is read again.", self._name)
        self._lag.record_success()

    async def close(self) -> None:
        """Cancel a check in the background, and close the connections.

        Call this when all statements have ended.
        """
        self._checking.close()
        await self.database.close()

    async def _run_check(self) -> None:
        with contextlib.suppress(DatabaseError):
            await self.check()

    def _record_lag(self, error: ReplicaNotCurrent) -> None:
        """Make statements raise ReplicaNotCurrent until a check succeeds.

        Logs the error if its text is new, or if the replica was current before. Closes idle
        connections.
        """
        text = str(error)
        if not self._lag.is_open or text != self._logged:
            _LOG.warning("%s is not read: %s. %s", self._name, text, _CONSEQUENCE)
        self._logged, self._reason = text, error.reason
        self._lag.record_failure()
        self.database.close_idle()


class ReplicatedDatabase:
    """A Database that reads the first of `replicas` that works, or else `primary`.

    A call of `fetch` takes at most `timeout` seconds, of which the replicas may use half. The
    caller closes `primary` and `replicas`.
    """

    def __init__(
        self,
        primary: GlanceDatabase,
        replicas: Sequence[Replica],
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dialect = primary.dialect
        self._primary = primary
        self._replicas = replicas
        self._timeout = timeout
        self._clock = clock

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement on the first replica that works, or else on the primary.

        Returns the rows. Raises ValueRefused at once if a replica cannot compare a value of the
        statement. After any other DatabaseError of a replica, the next replica or the primary is
        read. Raises DatabaseError if the primary fails, too.
        """
        ends_at = self._clock() + self._timeout
        for_primary = self._timeout - replica_seconds(self._timeout)
        for replica in self._replicas:
            remaining = ends_at - for_primary - self._clock()
            if remaining > 0:
                with contextlib.suppress(*_FAILURES):
                    return await replica.fetch(statement, remaining)
        return await self._primary.fetch(statement, max(for_primary, ends_at - self._clock()))

    async def fetch_row(self, statement: Statement) -> Row | None:
        """Return the first row of a statement; None if there is no row.

        If `fetch` returns no row, the statement is run again on the primary. The second run may
        take as long as the first. Raises the errors of `fetch`.
        """
        rows = await self.fetch(statement)
        return rows[0] if rows else await self._primary.fetch_row(statement)


def replica_seconds(timeout: float) -> float:
    """Return half of `timeout`: the seconds of a statement that all replicas together may use."""
    return timeout / 2


def open_replicas(
    options: DatabaseOptions,
    connect: ConnectToHost,
    positions: PrimaryPositions,
    clock: Callable[[], float] = time.monotonic,
) -> list[Replica]:
    """Return a Replica for each host of `options.url`, in order. Connects to no host yet.

    The timeout of a Replica is `replica_seconds(options.timeout)` for statements. The timeout for a
    connection is `options.connect_timeout`, but at most that of statements.
    """
    seconds = replica_seconds(options.timeout)
    return [
        Replica(
            dataclasses.replace(
                options,
                url=dataclasses.replace(options.url, hosts=(host,)),
                connect_timeout=min(options.connect_timeout, seconds),
                timeout=seconds,
            ),
            connect,
            positions,
            clock,
        )
        for host in options.url.hosts
    ]
