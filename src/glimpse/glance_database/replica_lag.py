"""LagLimitedConnection: a connection to a replica that does not return outdated rows."""

import math
import time
from collections.abc import Callable

from glimpse.glance_database.connection import Connection, Rows, Statement
from glimpse.glance_database.errors import ReplicaNotCurrent
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.replication import ReplicaPositions


class LagLimitedConnection:
    """A Connection to a replica that runs statements only while the replica is current.

    A replica is current if it has all changes that the primary had `positions.max_lag` seconds ago.
    `positions` are the log positions of the primary. Each connection checks the server that it is
    connected to, because several servers may be behind one address.
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
        """Run a statement and return its rows, as `Connection.fetch` does.

        First compares the replica with the primary, except while the last comparison still proves
        that the replica is current. If `_compare` raises an error, such as ReplicaNotCurrent, the
        statement is not run. May begin to read the primary's position in the background, for later
        comparisons.
        """
        if self._clock() >= self._current_until:
            await self._compare()
        self._positions.refresh()
        return await self._connection.fetch(statement)

    def close(self) -> None:
        """Close the connection to the replica at once. Raises nothing."""
        self._connection.close()

    async def _compare(self) -> None:
        """Compare the position of the server with the position of the primary.

        Keeps the time until which the replica is current. Raises ReplicaNotCurrent if

        - the server is more than `max_lag` seconds behind
        - the primary's position cannot be read, or the server has no position
        - the server does not replicate the primary
        - the server has changes that the primary does not have

        Raises another DatabaseError if the server does not return its position.
        """
        newest = await self._positions.newest()
        found = await self._read_positions()
        mismatch = found.applied.mismatch(newest.position)
        if mismatch is not None:
            raise ReplicaNotCurrent(mismatch)
        # The primary may have been written after its position was read. So the replica counts as
        # not current only if it is also ahead of the primary's present position.
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
