"""LagLimitedConnection: a connection to a replica that refuses to show what is too old."""

import math
import time
from collections.abc import Callable

from glimpse.glance_database.connection import Connection, Rows, Statement
from glimpse.glance_database.errors import ReplicaNotCurrent
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.replication import ReplicaPositions


class LagLimitedConnection:
    """A Connection that runs a statement only if the result is at most `max_lag` seconds old.

    `positions` are those of the primary, and have `max_lag`. Every connection compares the position
    of its own server: behind one address there may be several.
    """

    def __init__(
        self,
        connection: Connection,
        positions: PrimaryPositions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._positions = positions
        self._clock = clock
        self._current_until = -math.inf

    async def fetch(self, statement: Statement) -> Rows:
        """See `Connection.fetch`. Raises ReplicaNotCurrent, too: the statement was not sent."""
        if self._clock() >= self._current_until:
            await self._compare()
        self._positions.refresh()
        return await self._connection.fetch(statement)

    def close(self) -> None:
        """See `Connection.close`."""
        self._connection.close()

    async def _compare(self) -> None:
        """Compare the server's position with the primary's.

        Raises ReplicaNotCurrent if it is too old, if it cannot be read, and if the server does not
        have the primary's log, or has changes that the primary has not.
        """
        newest = await self._positions.newest()
        found = await self._read_positions()
        if not found.applied.shares_log_with(newest.position):
            raise ReplicaNotCurrent("it does not replicate the primary")
        # Ahead of what the primary had before the replica was read, and behind what it has now: the
        # primary has been written in the meantime.
        if found.written.is_ahead_of(newest.position) and found.written.is_ahead_of(
            await self._positions.read()
        ):
            raise ReplicaNotCurrent("it has changes that the primary does not have")
        max_lag = self._positions.max_lag
        self._current_until = self._positions.reached_time(found.applied) + max_lag
        if self._clock() >= self._current_until:
            raise ReplicaNotCurrent(f"it is more than {max_lag:g} s behind the primary")

    async def _read_positions(self) -> ReplicaPositions:
        replication = await self._positions.replication()
        rows = await self._connection.fetch(replication.replica)
        try:
            return replication.parse_replica(rows[0])
        except (TypeError, ValueError):
            raise ReplicaNotCurrent("it has no position in the log of the primary") from None
