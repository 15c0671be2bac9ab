"""ResponseBudget: a limit for the memory of large response bodies that are being read."""

from collections import deque
from collections.abc import Callable


class PendingReservation:
    """A reservation that waits for its bytes. `ResponseBudget.cancel` withdraws it."""

    def __init__(self, size: int, on_granted: Callable[[], None]) -> None:
        self.size = size
        self.on_granted = on_granted


class ResponseBudget:
    """`total` bytes, granted in the order of the reservations.

    A response reserves once, for all it may need, so that two half-read responses never wait for
    each other. A reservation of more than `total` bytes takes all of them.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._queue: deque[PendingReservation] = deque()

    def reserve(self, size: int, on_granted: Callable[[], None]) -> PendingReservation | None:
        """Reserve `size` bytes: return None if they are granted now.

        Otherwise return the pending reservation; `on_granted` is called when it is granted.
        """
        size = min(size, self._total)
        if not self._queue and size <= self._free:
            self._free -= size
            return None
        pending = PendingReservation(size, on_granted)
        self._queue.append(pending)
        return pending

    def cancel(self, pending: PendingReservation) -> None:
        """Withdraw a reservation that has not been granted."""
        self._queue.remove(pending)
        self._grant()

    def release(self, size: int) -> None:
        """Release a granted reservation of `size` bytes."""
        self._free += min(size, self._total)
        self._grant()

    def _grant(self) -> None:
        while self._queue and self._queue[0].size <= self._free:
            pending = self._queue.popleft()
            self._free -= pending.size
            pending.on_granted()
