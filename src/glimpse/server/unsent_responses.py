"""UnsentResponses: limits the memory of responses that slow clients have yet to read."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Bytes of all connections of a process. One connection has about a megabyte at most in memory: a
# part of a list, or the document of an image.
MAX_UNSENT = 64 * 1024 * 1024
# Beyond this, connections are closed at any age: in 5 seconds, a client can request lists of a
# gigabyte in all.
MAX_UNSENT_AT_ANY_AGE = 2 * MAX_UNSENT
_MIN_AGE = 5.0  # seconds; long enough for a slow client to read most of a response's part


class Connection(Protocol):
    """A connection with a method that UnsentResponses calls to free its memory."""

    def abort_response(self) -> None:
        """Close the connection at once, and drop its unsent data."""
        ...


class _Unsent(NamedTuple):
    size: int
    since: float


class UnsentResponses:
    """Counts the unsent data of connections; closes connections if it takes too much memory.

    While all data together exceeds `limit` bytes, slow connections are closed: those whose client
    has not read the data within 5 seconds after `add`. While the data exceeds `limit_at_any_age`
    bytes, other connections are closed, too. The connection that was added first is closed first.
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
        """Count `size` bytes for a connection, in place of the bytes that it had before.

        `size` is the memory that the unsent data of the connection takes. The 5 seconds of the
        connection start again. Calls `close_slow`, which may close this connection, too.
        """
        self.remove(connection)
        self._unsent[connection] = _Unsent(size, self._clock())
        self._total += size
        self.close_slow()

    def close_slow(self) -> None:
        """Close connections, in the order of their `add`, while too many bytes are unsent.

        While more than `limit_at_any_age` bytes are unsent, any connection is closed. While more
        than `limit` bytes are unsent, a connection is closed if it was added at least 5 seconds
        ago. The bytes of a closed connection no longer count. Call this method every few seconds.
        """
        while self._total > self._limit:
            oldest, unsent = next(iter(self._unsent.items()))
            is_young = self._clock() - unsent.since < _MIN_AGE
            if is_young and self._total <= self._limit_at_any_age:
                return
            self.remove(oldest)
            oldest.abort_response()

    def remove(self, connection: Connection) -> None:
        """Stop counting the data of a connection. Does nothing if the connection is not counted.

        Call this method when the client has read the data, or when the connection has closed.
        """
        unsent = self._unsent.pop(connection, None)
        if unsent is not None:
            self._total -= unsent.size


UNSENT_RESPONSES = UnsentResponses()  # of this process
