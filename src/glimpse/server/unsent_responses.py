"""UnsentResponses: limits the memory of responses that slow clients have yet to read."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Bytes, of all connections of a process. One connection has at most a part of a list or the
# document of an image in memory: a megabyte or so.
MAX_UNSENT = 64 * 1024 * 1024
# Beyond this, 5 seconds are too long: in them, a client can begin lists of a gigabyte in all.
MAX_UNSENT_AT_ANY_AGE = 2 * MAX_UNSENT
_MIN_AGE = 5.0  # seconds; even a slow client reads most of a response's part within it


class Connection(Protocol):
    """A connection whose client is slow to read."""

    def abort_response(self) -> None:
        """Close the connection at once and drop what was not sent."""
        ...


class _Unsent(NamedTuple):
    size: int
    since: float


class UnsentResponses:
    """The connections with unsent data. Beyond `limit` bytes of it in all, closes slow ones.

    A connection is slow if it was added 5 or more seconds ago, and its client has still not read
    its data. While the data exceeds `limit_at_any_age`, each connection is slow.
    """

    def __init__(
        self,
        limit: int = MAX_UNSENT,
        limit_at_any_age: int = MAX_UNSENT_AT_ANY_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._limit_at_any_age = limit_at_any_age
        self._clock = clock
        self._unsent: dict[Connection, _Unsent] = {}  # in the order in which they were added
        self._total = 0

    def add(self, connection: Connection, size: int) -> None:
        """Count `size` bytes for a connection, in place of what was counted for it before.

        `size` is what its unsent data takes in memory. Its 5 seconds begin anew. Then slow
        connections are closed, as `close_slow` does; this one may be among them.
        """
        self.remove(connection)
        self._unsent[connection] = _Unsent(size, self._clock())
        self._total += size
        self.close_slow()

    def close_slow(self) -> None:
        """While the total exceeds the limit, close connections added 5 or more seconds ago.

        The oldest is closed first. Younger ones stay open, even if the limit is still exceeded,
        unless the total exceeds `limit_at_any_age`. Call it every few seconds.
        """
        while self._total > self._limit:
            oldest, unsent = next(iter(self._unsent.items()))
            is_young = self._clock() - unsent.since < _MIN_AGE
            if is_young and self._total <= self._limit_at_any_age:
                return
            self.remove(oldest)
            oldest.abort_response()

    def remove(self, connection: Connection) -> None:
        """Stop counting a connection: its client has read its data, or it is closed."""
        unsent = self._unsent.pop(connection, None)
        if unsent is not None:
            self._total -= unsent.size


UNSENT_RESPONSES = UnsentResponses()  # of this process
