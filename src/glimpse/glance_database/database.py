"""GlanceDatabase: runs statements on Glance's database, unless three failed in a row."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from glimpse.glance_database.circuit_breaker import CircuitBreaker
from glimpse.glance_database.connection import Connection, Row, Rows, Statement
from glimpse.glance_database.connector import Connector, ConnectToHost
from glimpse.glance_database.database_url import Dialect
from glimpse.glance_database.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    ReplicaNotCurrent,
    ValueRefused,
)
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.pool import ConnectionPool
from glimpse.glance_database.statements import select_image
from glimpse.telemetry.observer import Service
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0  # between the end of a probe and the next one
_BUSY_LOG_SECONDS = 60.0  # between two warnings that the pool is too small
_CONSEQUENCES = {
    True: "Images are read from Glance's API until it can.",
    False: "Reads get a 503 until it can.",
}


class Database(Protocol):
    """Runs statements on Glance's tables. GlanceDatabase and ReplicatedDatabase implement it."""

    dialect: Dialect

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement and return its rows.

        Raises ValueRefused if the database cannot compare a value of the statement. Raises another
        DatabaseError if the database fails.
        """
        ...

    async def fetch_row(self, statement: Statement) -> Row | None:
        """Return the first row of a statement; None if there is no row.

        If a replica returns no row, the statement is run again on the primary. Raises the errors of
        `fetch`.
        """
        ...


class Role(NamedTuple):
    """What a database is used for.

    `service` is the label of the database in metrics, and `name` is its name in the log.
    `consequence` is a sentence for the log that says what happens while the database cannot be
    read. `wrap` gets each new connection and returns the connection to use.
    """

    service: Service
    name: str
    consequence: str
    wrap: Callable[[Connection], Connection]


class GlanceDatabase:
    """Runs statements on one database. Use and close a GlanceDatabase within one event loop.

    Connects when a statement first needs a connection. The metrics count the statements of `fetch`
    and `check`, but not those of `fetch_status`.

    After three failures of `fetch` or `check` in a row, `fetch` and `fetch_status` raise
    DatabaseUnavailable at once, without a call of the database. A background task then waits
    `retry_seconds` and calls `check`, and repeats both until `check` succeeds. From then on,
    statements are run again. The log says when statements are no longer run, and when they are run
    again. DatabaseBusy, ValueRefused and ReplicaNotCurrent do not count as failures.

    `connect` is the function that `find_driver` returns. If `role` is None, this is the primary,
    the database that Glance writes to.
    """

    def __init__(
        self,
        options: DatabaseOptions,
        connect: ConnectToHost,
        role: Role | None = None,
        retry_seconds: float = _RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dialect = options.url.dialect
        self._role = role or _primary_role(options)
        self._pool = ConnectionPool(
            Connector(options.url, options.connect_timeout, connect, self._role.wrap),
            size=options.pool_size,
            timeout=options.timeout,
            lifetime=options.connection_lifetime,
        )
        self._retry_seconds = retry_seconds
        self._breaker = CircuitBreaker()
        self._probes = SingleFlight(self._run_probes)
        self._failure = ""
        self._clock = clock
        self._busy_logged_at = -math.inf

    async def fetch(self, statement: Statement, seconds: float | None = None) -> Rows:
        """Run a statement within `seconds` (None: `options.timeout`); return its rows.

        After three failures in a row, raises DatabaseUnavailable at once, until a check succeeds.
        Raises ValueRefused if the database cannot compare a value of the statement. Raises
        DatabaseBusy if all connections of the pool stayed in use: at most once a minute, the log
        says that the pool is too small. Raises another DatabaseError if the database fails, takes
        too long, or is a replica that is not current.
        """
        if self._breaker.is_open:
            current_context.get().call_ended(self._role.service, "select", "skipped", 0.0)
            raise DatabaseUnavailable(self._failure)
        return await self._call(statement, seconds)

    async def fetch_status(self, statement: Statement) -> Rows:
        """Run a statement about the server, such as its position in the log; return its rows.

        After three failures of `fetch` or `check` in a row, raises DatabaseUnavailable at once,
        until a check succeeds. Raises DatabaseError if the statement fails, or takes longer than
        `options.timeout`. Such a failure does not count as a failure of `fetch`, because the user
        may only lack a privilege for this statement.
        """
        if self._breaker.is_open:
            raise DatabaseUnavailable(self._failure)
        return await self._pool.fetch(statement)

    async def fetch_row(self, statement: Statement) -> Row | None:
        """Return the first row of a statement; None if there is no row. Raises as `fetch` does."""
        rows = await self.fetch(statement)
        return rows[0] if rows else None

    async def check(self) -> None:
        """Check that Glance's tables can be read. Raises DatabaseError if they cannot be read.

        The time limit is `options.timeout`. Calls the database even while `fetch` raises
        DatabaseUnavailable at once. After a success, `fetch` runs statements again. The failures
        that count are the same as for `fetch`. DatabaseBusy, for example, does not count.
        """
        await self._call(select_image(self.dialect, "", None))

    def close_idle(self) -> None:
        """Close the connections that are not in use. The next statements open new connections."""
        self._pool.close_idle()

    async def close(self) -> None:
        """Stop checking in the background, and close the connections.

        Call this when all statements have ended.
        """
        self._probes.close()
        self._pool.close()

    async def _run_probes(self) -> None:
        """Call `check` until a call succeeds, with `retry_seconds` before each call."""
        while self._breaker.is_open:
            await asyncio.sleep(self._retry_seconds)
            with contextlib.suppress(DatabaseError):
                await self.check()

    async def _call(self, statement: Statement, seconds: float | None = None) -> Rows:
        """Run a statement and return its rows, and count its outcome.

        The metrics count every outcome, and also a cancellation. The circuit breaker counts
        successes and failures, but not ValueRefused, ReplicaNotCurrent and DatabaseBusy. The log
        says when the circuit breaker opens or closes. Raises the errors of `ConnectionPool.fetch`.
        """
        began = time.perf_counter()
        outcome = "cancelled"
        try:
            rows = await self._pool.fetch(statement, seconds)
            outcome = "ok"
            self._succeeded()
        except ValueRefused:
            outcome = "refused"
            raise
        except ReplicaNotCurrent:
            outcome = "not_current"
            raise
        except DatabaseBusy as error:
            outcome = "failed"
            self._log_busy(error)
            raise
        except DatabaseError as error:
            outcome = "failed"
            self._failed(error)
            raise
        finally:
            duration = time.perf_counter() - began
            current_context.get().call_ended(self._role.service, "select", outcome, duration)
        return rows

    def _succeeded(self) -> None:
        if self._breaker.is_open:
            _LOG.warning("%s can be read again.", self._role.name)
        self._breaker.record_success()

    def _log_busy(self, error: DatabaseBusy) -> None:
        """Log that the pool is too small, at most once a minute."""
        now = self._clock()
        if now - self._busy_logged_at >= _BUSY_LOG_SECONDS:
            self._busy_logged_at = now
            advice = "Raise [glance_database] pool_size, or the number of workers"
            _LOG.warning("%s is read by too many requests: %s. %s.", self._role.name, error, advice)

    def _failed(self, error: DatabaseError) -> None:
        """Count a failure, and keep its text for the errors of statements that are not run.

        If this failure opens the circuit breaker, log the failure and start to probe.
        """
        was_open = self._breaker.is_open
        self._breaker.record_failure()
        self._failure = str(error)
        if self._breaker.is_open and not was_open:
            role = self._role
            _LOG.error("%s cannot be read: %s. %s", role.name, error, role.consequence)
            self._probes.start()


def _primary_role(options: DatabaseOptions) -> Role:
    consequence = _CONSEQUENCES[options.falls_back]
    return Role("glance_database", "Glance's database", consequence, lambda connection: connection)
