"""ResponseBudget: a limit for the memory of large response bodies that are being read."""

from collections import deque
from collections.abc import Callable


class PendingReservation:
    """A reservation that waits until its bytes are free. `ResponseBudget.cancel` withdraws it."""

    def __init__(self, size: int, on_granted: Callable[[], None]) -> None:
        self.size = size
        self.on_granted = on_granted


class ResponseBudget:
    """Grants reservations of memory, at most `total` bytes together, in order of arrival.

    A response makes one reservation, for all that it may need. So two half-read responses never
    wait for each other. A reservation of more than `total` bytes counts as one of `total`.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._queue: deque[PendingReservation] = deque()

    def reserve(self, size: int, on_granted: Callable[[], None]) -> PendingReservation | None:
        """Reserve `size` bytes. Return None if they are granted at once.

        Otherwise return a pending reservation. The `release` or `cancel` that makes room for it
        calls `on_granted`. Pass `size` to `release` when a granted reservation is not needed any
        more.
        """
        size = min(size, self._total)
        if not self._queue and size <= self._free:
            self._free -= size
            return None
        pending = PendingReservation(size, on_granted)
        self._queue.append(pending)
        return pending

    def cancel(self, pending: PendingReservation) -> None:
        """Withdraw a reservation that is not granted yet, and grant later ones that fit then."""
        self._queue.remove(pending)
        self._grant()

    def release(self, size: int) -> None:
        """Release a granted reservation of `size` bytes, and grant pending ones that fit then."""
        self._free += min(size, self._total)
        self._grant()

    def _grant(self) -> None:
        """Grant pending reservations in their order, up to the first for which there is no room."""
        while self._queue and self._queue[0].size <= self._free:
            pending = self._queue.popleft()
            self._free -= pending.size
            pending.on_granted()
