"""ResponseBudget: how many bytes of large response bodies are read at once."""

from collections import deque
from collections.abc import Callable


class Waiting:
    """One response that waits for its share; `cancel` it when it is not wanted any more."""

    def __init__(self, size: int, granted: Callable[[], None]) -> None:
        self.size = size
        self.granted = granted


class ResponseBudget:
    """`total` bytes, given out in the order in which they were asked for.

    A response asks once, for all it may need, so that two that are half read never wait for each
    other. One that needs more than `total` gets all of it.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._queue: deque[Waiting] = deque()

    def reserve(self, size: int, granted: Callable[[], None]) -> Waiting | None:
        """Take `size` bytes: at once, or call `granted` when they have been taken.

        Return None when they were taken at once.
        """
        size = min(size, self._total)
        if not self._queue and size <= self._free:
            self._free -= size
            return None
        waiting = Waiting(size, granted)
        self._queue.append(waiting)
        return waiting

    def cancel(self, waiting: Waiting) -> None:
        """Wait no more for bytes that were not granted yet."""
        self._queue.remove(waiting)
        self._grant()

    def release(self, size: int) -> None:
        """Give back as many bytes as were reserved."""
        self._free += min(size, self._total)
        self._grant()

    def _grant(self) -> None:
        while self._queue and self._queue[0].size <= self._free:
            waiting = self._queue.popleft()
            self._free -= waiting.size
            waiting.granted()
