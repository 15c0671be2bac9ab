"""UnsentResponses: limits the memory of responses that slow clients have yet to read."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Bytes, of all connections of a process. One connection has at most a part of a list or the
# document of an image in memory: a megabyte or so.
MAX_UNSENT = 64 * 1024 * 1024
_STALL_TIMEOUT = 5.0  # seconds; even a slow client reads most of a response's part within it


class Connection(Protocol):
    """A connection whose client is slow to read."""

    def abort_response(self) -> None:
        """Close the connection at once and drop what was not sent."""
        ...


class _Unsent(NamedTuple):
    size: int
    since: float


class UnsentResponses:
    """The connections with unsent data. Closes stalled ones while their total exceeds `limit`.

    `limit` is in bytes. A connection is stalled if its client has not read most of its data within
    _STALL_TIMEOUT (5 seconds). The one that has been stalled longest is closed first. Connections
    that are not stalled stay open, even if the limit is exceeded.
    """

    def __init__(
        self, limit: int = MAX_UNSENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._unsent: dict[Connection, _Unsent] = {}  # in the order in which they were added
        self._total = 0

    def add(self, connection: Connection, size: int) -> None:
        """Count `size` unsent bytes for a connection, in place of what was counted for it before.

        Then call `close_stalled`.
        """
        self.remove(connection)
        self._unsent[connection] = _Unsent(size, self._clock())
        self._total += size
        self.close_stalled()

    def close_stalled(self) -> None:
        """Close stalled connections as long as the limit is exceeded. Call it every few seconds."""
        while self._total > self._limit:
            oldest, unsent = next(iter(self._unsent.items()))
            if self._clock() - unsent.since < _STALL_TIMEOUT:
                return
            self.remove(oldest)
            oldest.abort_response()

    def remove(self, connection: Connection) -> None:
        """Stop counting a connection: its client has read most of its data, or it is closed."""
        unsent = self._unsent.pop(connection, None)
        if unsent is not None:
            self._total -= unsent.size


UNSENT_RESPONSES = UnsentResponses()  # of this process
