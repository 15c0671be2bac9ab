"""RecentWrites: the images that this gateway has just written, known to all of its processes."""

import mmap
import time
import zlib
from collections.abc import Callable
from functools import cache

_SLOTS = 4096  # of 8 bytes; images that share one are read from the primary more often than needed
_ANY_IMAGE = 0  # the slot with the last write of all
# A process that was suspended while it recorded a time may have replaced a later one of another
# process, which is as much later at most; it then records the time once more.
_MAX_SUSPENSION = 0.05  # seconds


@cache
def write_times() -> "memoryview[float]":
    """Return the times of the last writes, in memory that processes forked later share.

    The times are those of CLOCK_MONOTONIC, which all processes of a machine have in common. Call it
    in the process that forks the others, before it does.
    """
    return memoryview(mmap.mmap(-1, _SLOTS * 8)).cast("d")


class RecentWrites:
    """Tells if an image was written less than `max_age` seconds ago.

    It counts the writes of all processes that share `times`. Writes before this object was made are
    not known, so every image counts as written at that moment.
    """

    def __init__(
        self,
        max_age: float,
        times: "memoryview[float] | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_age = max_age + _MAX_SUSPENSION
        self._times = write_times() if times is None else times
        self._clock = clock
        self._made_at = clock()

    def record(self, image_id: str) -> None:
        """Record that an image is about to be written, or has been."""
        for slot in (_slot(image_id), _ANY_IMAGE):
            while True:
                now = self._clock()
                self._times[slot] = now
                if self._clock() - now < _MAX_SUSPENSION:
                    break

    def has(self, image_id: str) -> bool:
        """Return True if the image was, or may have been, written less than `max_age` ago."""
        return self._is_recent(_slot(image_id))

    def has_any(self) -> bool:
        """Return True if any image was, or may have been, written less than `max_age` ago."""
        return self._is_recent(_ANY_IMAGE)

    def _is_recent(self, slot: int) -> bool:
        return self._clock() - max(self._times[slot], self._made_at) < self._max_age


def _slot(image_id: str) -> int:
    """Return the slot of an image. The case of an id does not count: MySQL ignores it."""
    text = image_id.lower().encode("utf-8", "surrogatepass")
    return 1 + zlib.crc32(text) % (_SLOTS - 1)
