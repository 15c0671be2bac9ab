"""GlanceDatabase: runs statements on Glance's database; stops while they keep failing."""

import contextlib
import logging
import time
from collections.abc import Callable

from glimpse.glance_database.circuit_breaker import CircuitBreaker
from glimpse.glance_database.connection import Rows, Statement
from glimpse.glance_database.connector import Connector, ConnectToHost
from glimpse.glance_database.errors import DatabaseError, DatabaseUnavailable, ValueRefused
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.pool import ConnectionPool
from glimpse.glance_database.statements import select_image
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.single_flight import SingleFlight

_LOG = logging.getLogger(__name__)
_CONSEQUENCES = {
    True: "Images are read from Glance's API until it can.",
    False: "Reads are answered with 503 until it can.",
}


class GlanceDatabase:
    """Runs statements. Use and close it within one event loop; it can be created outside.

    After three failures in a row, statements fail at once. Then a statement starts a probe in the
    background, at most once a second; when a probe succeeds, statements are run again. `connect` is
    the driver's function. `clock` returns seconds.
    """

    def __init__(
        self,
        options: DatabaseOptions,
        connect: ConnectToHost,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dialect = options.url.dialect
        self._options = options
        self._pool = ConnectionPool(
            Connector(options.url, options.connect_timeout, connect),
            size=options.pool_size,
            timeout=options.timeout,
            lifetime=options.connection_lifetime,
        )
        self._breaker = CircuitBreaker(clock=clock)
        self._probe = SingleFlight(self._run_probe)
        self._failure = ""

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement and return its rows. Takes at most `options.timeout` seconds.

        Raises ValueRefused because of a value of the request, and another DatabaseError because of
        the database.
        """
        if self._breaker.is_open:
            if self._breaker.is_probe_due():
                self._probe.start()
            current_context.get().call_ended("glance_database", "select", "skipped", 0.0)
            raise DatabaseUnavailable(self._failure)
        return await self._call(statement)

    async def check(self) -> None:
        """Check that all tables that Glimpse reads can be read, also after failures in a row.

        Raises DatabaseError. After a success, statements are run again.
        """
        await self._call(select_image(self.dialect, "", None))

    async def close(self) -> None:
        """Cancel the probe and close the connections. Call it when all statements have ended."""
        self._probe.close()
        self._pool.close()

    async def _run_probe(self) -> None:
        with contextlib.suppress(DatabaseError):
            await self.check()

    async def _call(self, statement: Statement) -> Rows:
        """Run a statement. Record its outcome in the circuit breaker and in the metrics."""
        began = time.perf_counter()
        outcome = "cancelled"
        try:
            rows = await self._pool.fetch(statement)
            outcome = "ok"
            self._succeeded()
        except ValueRefused:
            outcome = "refused"
            raise
        except DatabaseError as error:
            outcome = "failed"
            self._failed(error)
            raise
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("glance_database", "select", outcome, seconds)
        return rows

    def _succeeded(self) -> None:
        if self._breaker.is_open:
            _LOG.warning("Glance's database can be read again.")
        self._breaker.record_success()

    def _failed(self, error: DatabaseError) -> None:
        """Count a failure; log the one that opens the circuit breaker."""
        was_open = self._breaker.is_open
        self._breaker.record_failure()
        self._failure = str(error)
        if self._breaker.is_open and not was_open:
            consequence = _CONSEQUENCES[self._options.falls_back]
            _LOG.error("Glance's database cannot be read: %s. %s", error, consequence)
