"""ResponseMemory: a limit for the memory of large response bodies that are being read."""

from collections import deque
from collections.abc import Callable


class PendingReservation:
    """A reservation that waits for free bytes. `ResponseMemory.cancel` withdraws it."""

    def __init__(self, size: int, on_granted: Callable[[], None]) -> None:
        self.size = size
        self.on_granted = on_granted


class ResponseMemory:
    """Grants reservations of memory, at most `total` bytes together, in order of arrival.

    A response makes a single reservation for all the memory that it may need. So two responses that
    have been read in part never wait for each other. A reservation of more than `total` bytes
    counts as `total`.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._queue: deque[PendingReservation] = deque()

    def reserve(self, size: int, on_granted: Callable[[], None]) -> PendingReservation | None:
        """Reserve `size` bytes. Return None if the reservation is granted at once.

        Otherwise return a pending reservation. A later call of `release` or `cancel` grants it,
        after all reservations that were made before, and calls `on_granted`.

        The caller must end a granted reservation with `release` and the same `size`. The caller may
        end a pending reservation with `cancel`.
        """
        size = min(size, self._total)
        if not self._queue and size <= self._free:
            self._free -= size
            return None
        pending = PendingReservation(size, on_granted)
        self._queue.append(pending)
        return pending

    def cancel(self, pending: PendingReservation) -> None:
        """Withdraw a reservation that has not been granted yet.

        Grants later reservations for which there is room now. Raises ValueError if `pending` has
        been granted or withdrawn.
        """
        self._queue.remove(pending)
        self._grant()

    def release(self, size: int) -> None:
        """Release a granted reservation of `size` bytes.

        Grants pending reservations for which there is room now.
        """
        self._free += min(size, self._total)
        self._grant()

    def _grant(self) -> None:
        """Grant pending reservations in order, up to the first for which there is no room.

        Calls `on_granted` of each granted reservation.
        """
        while self._queue and self._queue[0].size <= self._free:
            pending = self._queue.popleft()
            self._free -= pending.size
            pending.on_granted()
