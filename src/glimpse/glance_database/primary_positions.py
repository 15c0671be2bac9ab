"""PrimaryPositions: the recent log positions of the primary, with their times."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import (
    DatabaseError,
    QueryFailed,
    ReplicaNotCurrent,
)
from glimpse.glance_database.log_positions import LogPosition
from glimpse.glance_database.replication import VERSION, Replication, find_replication
from glimpse.upstream.single_flight import SingleFlight

Result = TypeVar("Result")

_PER_LAG = 4  # positions in `max_lag`


class TimedPosition(NamedTuple):
    """A position of the primary. It has all changes that were committed before `time`.

    `time` is when the reading of the position began, by the clock of PrimaryPositions.
    """

    time: float
    position: LogPosition


class PrimaryPositions:
    """Keeps the primary's log positions that were read in the last `max_lag` seconds.

    A replica that has applied a position has all changes that were committed before the position
    was read. So the time of the position says how old the rows of the replica may be. That holds
    even while nothing is written, and when replication has stopped.

    A reading is due if no position is known or the last one is at least a quarter of `max_lag` old.
    Methods that wait for a reading raise ReplicaNotCurrent if the reading fails, or takes longer
    than `timeout` seconds.
    """

    def __init__(
        self,
        primary: GlanceDatabase,
        max_lag: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_lag = max_lag
        self._primary = primary
        self._timeout = timeout
        self._clock = clock
        self._interval = max_lag / _PER_LAG
        self._known: list[TimedPosition] = []  # oldest first
        self._replication: Replication | None = None
        self._reading = SingleFlight(self._read_and_keep)

    def refresh(self) -> None:
        """Begin to read the position in the background if a reading is due. Raises nothing.

        A failure of the reading is ignored.
        """
        if self._is_due():
            self._reading.start()

    async def newest(self) -> TimedPosition:
        """Return the newest position. If a reading is due, read the position first.

        Concurrent calls share one reading. Raises ReplicaNotCurrent if the reading fails or takes
        longer than `timeout` seconds.
        """
        if self._is_due():
            await self._bounded(self._reading.join())
        return self._known[-1]

    async def read(self) -> LogPosition:
        """Read and return the present position, without keeping it.

        Raises ReplicaNotCurrent if the reading fails or takes longer than `timeout` seconds.
        """
        return (await self._bounded(self._read())).position

    async def replication(self) -> Replication:
        """Return the Replication for the kind of database that the primary is.

        Reads the version of the primary if no earlier call has read it. Raises ReplicaNotCurrent if
        that fails or takes longer than `timeout` seconds.
        """
        if self._replication is None:
            return await self._bounded(self._find_replication())
        return self._replication

    def reached_time(self, applied: LogPosition) -> float:
        """Return the latest known time before which a replica at `applied` lacks no change.

        This is the time of the newest kept position that `applied` covers; -inf if `applied` covers
        none.
        """
        times = (each.time for each in reversed(self._known) if applied.covers(each.position))
        return next(times, -math.inf)

    def close(self) -> None:
        """Cancel a reading in progress.

        Calls of `newest` that wait for the reading get CancelledError.
        """
        self._reading.close()

    def _is_due(self) -> bool:
        return not self._known or self._clock() - self._known[-1].time >= self._interval

    async def _read_and_keep(self) -> None:
        """Read the position and keep it. Forget positions that were read `max_lag` seconds before.

        Raises DatabaseError if the position cannot be read, or if the primary has none.
        """
        read = await self._read()
        oldest = read.time - self.max_lag
        self._known = [each for each in self._known if each.time >= oldest] + [read]

    async def _read(self) -> TimedPosition:
        replication = self._replication or await self._find_replication()
        began = self._clock()
        rows = await self._primary.fetch_status(replication.primary)
        try:
            return TimedPosition(began, replication.parse_primary(rows[0]))
        except (TypeError, ValueError):
            raise ReplicaNotCurrent("the primary has no position in its log") from None

    async def _find_replication(self) -> Replication:
        found = find_replication(await self._primary.fetch_status(VERSION))
        self._replication = found
        return found

    async def _bounded(self, reading: Awaitable[Result]) -> Result:
        """Return the result of `reading`, or raise ReplicaNotCurrent.

        Raises ReplicaNotCurrent if `reading` raises a DatabaseError, or takes longer than `timeout`
        seconds. Its `detail` is the text of a QueryFailed, and empty for other errors. If `reading`
        itself raises ReplicaNotCurrent, that error is not replaced.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await reading
        except ReplicaNotCurrent:
            raise
        except (DatabaseError, TimeoutError) as error:
            detail = str(error) if isinstance(error, QueryFailed) else ""
            raise ReplicaNotCurrent("the position of the primary cannot be read", detail) from error
