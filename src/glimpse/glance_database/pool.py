"""ConnectionPool: a bounded number of connections, opened when they are needed."""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from glimpse.glance_database.connection import Connect, Connection, Rows, Statement
from glimpse.glance_database.errors import ConnectionLost, DatabaseUnavailable


class _Idle(NamedTuple):
    """A connection that is not in use; `expires_at` is a time of the pool's clock."""

    connection: Connection
    expires_at: float


class ConnectionPool:
    """Runs statements over at most `size` connections.

    `connect` opens one, which is used for `lifetime` seconds. A statement takes at most `timeout`
    seconds, including the wait for a connection. For use within one event loop.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        size: int,
        timeout: float,
        lifetime: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._lifetime = lifetime
        self._clock = clock
        self._free_slots = asyncio.Semaphore(size)
        self._idle: list[_Idle] = []
        self._is_closed = False

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement and return its rows.

        If the server has closed an idle connection in the meantime, the statement is sent once more
        over a new one. Raises the errors of `connect` and of `Connection.fetch`, and
        DatabaseUnavailable if the time is over. A connection that failed is closed.
        """
        try:
            async with asyncio.timeout(self._timeout), self._free_slots:
                idle = self._take_idle()
                if idle is not None:
                    try:
                        return await self._fetch_over(idle, statement)
                    except ConnectionLost:
                        self.close_idle()  # the server has restarted: all of them are lost
                opened = _Idle(await self._connect(), self._clock() + self._lifetime)
                return await self._fetch_over(opened, statement)
        except TimeoutError:
            raise DatabaseUnavailable(f"no result within {self._timeout:g} seconds") from None

    async def _fetch_over(self, used: _Idle, statement: Statement) -> Rows:
        """Run a statement over a connection, and keep that for the next one unless it failed."""
        is_usable = False
        try:
            rows = await used.connection.fetch(statement)
            is_usable = not self._is_closed
        finally:
            if is_usable:
                self._idle.append(used)
            else:
                used.connection.close()
        return rows

    def _take_idle(self) -> _Idle | None:
        """Return the connection that was used last, None if there is none; close expired ones."""
        now = self._clock()
        while self._idle:
            idle = self._idle.pop()
            if idle.expires_at > now:
                return idle
            idle.connection.close()
        return None

    def close_idle(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().connection.close()

    def close(self) -> None:
        """Close all connections: those in use are closed when their statement has ended."""
        self._is_closed = True
        self.close_idle()
