"""ReplicatedReads: decides which images may be read from replicas."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from glimpse.glance_database.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    ReplicaNotCurrent,
    UnknownSchema,
)
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.recent_writes import RecentWrites
from glimpse.glance_database.replicas import REPLICA_SERVICE, Replica
from glimpse.telemetry.request_context import current_context

_LOG = logging.getLogger(__name__)
_CHECK_SECONDS = 2.0  # of one replica: less than a readiness check has for all


class ReplicatedReads:
    """Decides which images may be read from replicas, and has the reader for these images.

    `reader` reads the replicas while they are current, otherwise the primary. `writes` are the
    recent writes of this gateway, by all its processes on this machine. An image that was written
    recently must be read from the primary. So every read sees all writes that this gateway
    acknowledged before the read began.
    """

    def __init__(
        self,
        reader: ImageReader,
        writes: RecentWrites,
        replicas: Sequence[Replica],
        positions: PrimaryPositions,
    ) -> None:
        """Keep the arguments. Closing this object closes `replicas` and `positions`."""
        self.reader = reader
        self._writes = writes
        self._replicas = replicas
        self._positions = positions

    def may_read(self, image_id: str | None) -> bool:
        """Return True if an image may be read from a replica.

        The result is False if this gateway has, or may have, written the image recently. If
        `image_id` is None, as for a list, the result is False if this gateway has written any image
        recently. The metrics count each False.
        """
        writes = self._writes
        was_written = writes.has_any() if image_id is None else writes.has(image_id)
        if was_written:
            current_context.get().call_ended(REPLICA_SERVICE, "select", "own_write", 0.0)
        return not was_written

    @contextmanager
    def recorded_write(self, image_id: str) -> Iterator[None]:
        """Record a write before and after the ``with`` block, in which the image is written.

        The write is also recorded if the block raises an exception.
        """
        self._writes.record(image_id)
        try:
            yield
        finally:
            self._writes.record(image_id)

    def record_write(self, image_id: str) -> None:
        """Record that an image is about to be written."""
        self._writes.record(image_id)

    async def check_at_start(self) -> None:
        """Check all replicas, and log which of them cannot be read. Raises nothing.

        The replicas are checked at the same time, each for at most two seconds. A replica whose
        connections are all in use counts as one that can be read.
        """
        results = await asyncio.gather(*map(_check, self._replicas))
        for replica, error in zip(self._replicas, results, strict=True):
            if isinstance(error, UnknownSchema):
                _LOG.error("The replica at %s is not read: %s.", replica.address, error)
            elif error is not None and not isinstance(error, ReplicaNotCurrent):  # logged already
                _LOG.warning("The replica at %s cannot be read yet: %s.", replica.address, error)

    async def failure(self) -> str | None:
        """Check all replicas; return why some cannot be read, or None if all can be read.

        The text has the reason of each replica that cannot be read. If there are several replicas,
        the number of the replica is before the reason: ``replica 2: it cannot be read``. The text
        has no addresses. Each check takes at most two seconds. A replica whose connections are all
        in use counts as one that can be read.
        """
        results = await asyncio.gather(*map(_check, self._replicas))
        reasons = []
        for number, error in enumerate(results, start=1):
            which = f"replica {number}: " if len(results) > 1 else ""
            if isinstance(error, ReplicaNotCurrent):
                reasons.append(f"{which}{error.reason}")
            elif isinstance(error, UnknownSchema):
                reasons.append(f"{which}{error}")
            elif error is not None:
                reasons.append(f"{which}it cannot be read")
        return "; ".join(reasons) or None

    async def close(self) -> None:
        """Close the connections to the replicas, and cancel a read of the primary's position.

        Call this when all reads have ended.
        """
        self._positions.close()
        for replica in self._replicas:
            await replica.close()


async def _check(replica: Replica) -> DatabaseError | None:
    """Check a replica for at most two seconds. Return the error if it cannot be read.

    Returns None after a success. A replica whose connections are all in use counts as a success.
    """
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await replica.check()
    except DatabaseBusy:
        return None
    except DatabaseError as error:
        return error
    except TimeoutError:
        return DatabaseUnavailable(f"no result within {_CHECK_SECONDS:g} seconds")
    return None
