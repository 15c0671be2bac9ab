"""ReplicatedReads: decides which reads of images may be answered by replicas."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from glimpse.glance_database.errors import (
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
    """The reader of `replicas`, and which images it may read.

    `reader` reads the replicas while they are current, and else the primary. Images in `writes`,
    which this gateway has just written, have to be read from the primary: so every read sees the
    writes that were acknowledged before it began.
    """

    def __init__(
        self,
        reader: ImageReader,
        writes: RecentWrites,
        replicas: Sequence[Replica],
        positions: PrimaryPositions,
    ) -> None:
        """Closing it closes `replicas` and `positions`."""
        self.reader = reader
        self._writes = writes
        self._replicas = replicas
        self._positions = positions

    def may_read(self, image_id: str | None) -> bool:
        """Return True unless this gateway has just written the image; with None, any image.

        Records a False in the metrics.
        """
        writes = self._writes
        was_written = writes.has_any() if image_id is None else writes.has(image_id)
        if was_written:
            current_context.get().call_ended(REPLICA_SERVICE, "select", "own_write", 0.0)
        return not was_written

    @contextmanager
    def recorded_write(self, image_id: str) -> Iterator[None]:
        """Record a write of an image before and after the ``with`` block, which makes it."""
        self._writes.record(image_id)
        try:
            yield
        finally:
            self._writes.record(image_id)

    def record_write(self, image_id: str) -> None:
        """Record that an image is about to be written."""
        self._writes.record(image_id)

    async def check_at_start(self) -> None:
        """Log which replicas cannot be read; the primary is read in their place."""
        results = await asyncio.gather(*map(_check, self._replicas))
        for replica, error in zip(self._replicas, results, strict=True):
            if isinstance(error, UnknownSchema):
                _LOG.error("The replica at %s is not read: %s.", replica.address, error)
            elif error is not None and not isinstance(error, ReplicaNotCurrent):  # logged already
                _LOG.warning("The replica at %s cannot be read yet: %s.", replica.address, error)

    async def failure(self) -> str | None:
        """Return why replicas cannot be read; None if all can be. The text has no addresses."""
        results = await asyncio.gather(*map(_check, self._replicas))
        reasons = []
        for number, error in enumerate(results, start=1):
            which = f"replica {number}: " if len(results) > 1 else ""
            if isinstance(error, ReplicaNotCurrent | UnknownSchema):
                reasons.append(f"{which}{error}")
            elif error is not None:
                reasons.append(f"{which}it cannot be read")
        return "; ".join(reasons) or None

    async def close(self) -> None:
        """Close the connections to the replicas. Call it when all reads have ended."""
        self._positions.close()
        for replica in self._replicas:
            await replica.close()


async def _check(replica: Replica) -> DatabaseError | None:
    """Return the error of a replica's check, None without any."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await replica.check()
    except DatabaseError as error:
        return error
    except TimeoutError:
        return DatabaseUnavailable(f"no result within {_CHECK_SECONDS:g} seconds")
    return None
