"""Bytes of responses that wait in memory until slow clients take them, over all connections."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Bytes. A connection of its own holds a piece of a list, or an image's document: a megabyte or so.
MOST_UNSENT = 64 * 1024 * 1024
_STUCK_SECONDS = 5.0  # a client that takes its response, though slowly, is never behind for so long


class Connection(Protocol):
    """A connection that a client is slow to read from."""

    def abort_response(self) -> None:
        """Close the connection at once, and drop what was not sent."""
        ...


class _Behind(NamedTuple):
    size: int
    since: float


class UnsentResponses:
    """Knows the connections whose client is behind, and closes stuck ones above `most` bytes.

    Stuck is a client that took nothing for five seconds. The one that did so for the longest is
    closed first. Those that take their responses, however many they are, are left alone.
    """

    def __init__(
        self, most: int = MOST_UNSENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._clock = clock
        self._behind: dict[Connection, _Behind] = {}  # the one that is behind the longest is first
        self._total = 0

    def add(self, connection: Connection, size: int) -> None:
        """Count `size` bytes that the client of a connection has yet to take."""
        self.remove(connection)
        self._behind[connection] = _Behind(size, self._clock())
        self._total += size
        self.close_stuck()

    def close_stuck(self) -> None:
        """Close stuck connections while there is too much to send. Call it every few seconds."""
        while self._total > self._most:
            oldest, behind = next(iter(self._behind.items()))
            if self._clock() - behind.since < _STUCK_SECONDS:
                return
            self.remove(oldest)
            oldest.abort_response()

    def remove(self, connection: Connection) -> None:
        """Count nothing for a connection any more: its client is not behind, or gone."""
        behind = self._behind.pop(connection, None)
        if behind is not None:
            self._total -= behind.size


UNSENT = UnsentResponses()  # one for the process, whose memory it is
