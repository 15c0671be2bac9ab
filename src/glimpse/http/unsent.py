"""Bytes of responses that wait in memory until slow clients take them, over all connections."""

from typing import Protocol

# Bytes. A connection of its own holds a piece of a list, or an image's document: a megabyte or so.
MOST_UNSENT = 64 * 1024 * 1024


class Connection(Protocol):
    """A connection that a client is slow to read from."""

    def abort_response(self) -> None:
        """Close the connection at once, and drop what was not sent."""
        ...


class UnsentResponses:
    """Knows the connections whose client is behind, and drops the oldest ones above `most` bytes.

    The connection that was behind for the longest is closed first. A client that takes its
    response, though slowly, is behind for short times only: many that take nothing cannot have it
    closed before theirs.
    """

    def __init__(self, most: int = MOST_UNSENT) -> None:
        self._most = most
        self._sizes: dict[Connection, int] = {}  # the one that was behind for the longest is first
        self._total = 0

    def add(self, connection: Connection, size: int) -> None:
        """Count `size` bytes that the client of a connection has yet to take."""
        self.remove(connection)
        self._sizes[connection] = size
        self._total += size
        while self._total > self._most and len(self._sizes) > 1:
            oldest = next(iter(self._sizes))
            self.remove(oldest)
            oldest.abort_response()

    def remove(self, connection: Connection) -> None:
        """Count nothing for a connection any more: its client is not behind, or gone."""
        self._total -= self._sizes.pop(connection, 0)


UNSENT = UnsentResponses()  # one for the process, whose memory it is
