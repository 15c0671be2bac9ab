"""ConnectionPool: a bounded number of connections, opened when they are needed."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import NamedTuple

from glimpse.glance_database.connection import Connect, Connection, Rows, Statement
from glimpse.glance_database.errors import ConnectionLost, DatabaseBusy, DatabaseUnavailable


class _PooledConnection(NamedTuple):
    """A connection of the pool; `expires_at` is a time of the pool's clock."""

    connection: Connection
    expires_at: float


class ConnectionPool:
    """Runs statements over at most `size` connections, within one event loop.

    `connect` opens a connection when a statement needs one. A connection older than `lifetime`
    seconds is closed instead of being used again. A statement takes at most `timeout` seconds,
    including the wait for a connection. Close the pool after use.
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
        self._size = size
        self._idle: list[_PooledConnection] = []
        self._last_result_at = -math.inf
        self._is_closed = False

    async def fetch(self, statement: Statement, seconds: float | None = None) -> Rows:
        """Run a statement within `seconds` (None: the pool's timeout); return its rows.

        If an idle connection turns out to be lost, all idle connections are closed. The statement
        is then sent once more over a new connection. A connection is closed if its statement fails
        or is cancelled.

        Raises the errors of `Connector.__call__` and `Connection.fetch`. At the timeout, raises
        DatabaseBusy if the statement waited for a connection for more than half of the time and
        other statements got results meanwhile, otherwise DatabaseUnavailable.
        """
        timeout = self._timeout if seconds is None else seconds
        began, wait = self._clock(), math.inf
        try:
            async with asyncio.timeout(timeout), self._free_slots:
                wait = self._clock() - began
                idle = self._take_idle()
                if idle is not None:
                    try:
                        return await self._fetch_over(idle, statement)
                    except ConnectionLost:
                        self.close_idle()  # the server has restarted: all of them are lost
                expires_at = self._clock() + self._lifetime
                opened = _PooledConnection(await self._connect(), expires_at)
                return await self._fetch_over(opened, statement)
        except TimeoutError:
            if wait > timeout / 2 and self._last_result_at >= began:
                raise DatabaseBusy(
                    f"all {self._size} connections were in use for most of {timeout:g} seconds"
                ) from None
            raise DatabaseUnavailable(f"no result within {timeout:g} seconds") from None

    async def _fetch_over(self, used: _PooledConnection, statement: Statement) -> Rows:
        """Run a statement over the connection `used`, and return the rows.

        Afterwards, the connection is idle, and another call may use it. After an error or a
        cancellation, or if the pool has been closed, the connection is closed.
        """
        is_usable = False
        try:
            rows = await used.connection.fetch(statement)
            is_usable = not self._is_closed
            self._last_result_at = self._clock()
        finally:
            if is_usable:
                self._idle.append(used)
            else:
                used.connection.close()
        return rows

    def _take_idle(self) -> _PooledConnection | None:
        """Remove and return the idle connection that was used last and is not expired, or None.

        Closes the expired connections that it meets on the way.
        """
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
        """Close idle connections now, and other connections when their statements have ended.

        A statement after `close` still runs, over a connection of its own.
        """
        self._is_closed = True
        self.close_idle()
