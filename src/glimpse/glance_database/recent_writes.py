"""RecentWrites: the images that this gateway has just written, shared by its processes."""

import mmap
import time
import zlib
from collections.abc import Callable
from functools import cache

_SLOTS = 4096  # times of 8 bytes; images that share one are read from the primary needlessly often
_ANY_IMAGE = 0  # the index of the time of the last write of any image
# A process that is suspended while it records a time may replace a later time of another process.
# After a suspension of this length, the process records the time again. So a recorded time is too
# early by at most this length.
_MAX_SUSPENSION = 0.05  # seconds


@cache
def write_times() -> "memoryview[float]":
    """Return the times of the last writes, in memory that is shared with forked processes.

    RecentWrites reads and changes the times. Every call returns the same memory. Call this in the
    parent process before it forks the worker processes. Otherwise the worker processes do not share
    the memory. The times are seconds of CLOCK_MONOTONIC, which is the same in all processes of a
    machine. A time is 0 if nothing was written.
    """
    return memoryview(mmap.mmap(-1, _SLOTS * 8)).cast("d")


class RecentWrites:
    """Tells whether an image was written less than `max_age` seconds ago.

    The writes of all processes that share the memory `times` count. If `times` is None, the memory
    of `write_times` is used. Writes before this object was created are not known. So every image
    counts as written at the time when this object was created. A recorded time may be up to 0.05
    seconds too early. So every write counts for `max_age` + 0.05 seconds.
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
        """Record that an image is about to be written, or has been written.

        Call this before and after a write.
        """
        for slot in (_slot(image_id), _ANY_IMAGE):
            while True:
                now = self._clock()
                self._times[slot] = now
                if self._clock() - now < _MAX_SUSPENSION:
                    break

    def has(self, image_id: str) -> bool:
        """Return True if the image was, or may have been, written in the last `max_age` seconds.

        The result may be True because another image was written: some images share a time.
        """
        return self._is_recent(_slot(image_id))

    def has_any(self) -> bool:
        """Return True if an image was, or may have been, written in the last `max_age` seconds."""
        return self._is_recent(_ANY_IMAGE)

    def _is_recent(self, slot: int) -> bool:
        return self._clock() - max(self._times[slot], self._made_at) < self._max_age


def _slot(image_id: str) -> int:
    """Return the index in `RecentWrites._times` of the last write of an image.

    Some images share an index. The case of an id makes no difference, because MySQL ignores case.
    """
    text = image_id.lower().encode("utf-8", "surrogatepass")
    return 1 + zlib.crc32(text) % (_SLOTS - 1)
