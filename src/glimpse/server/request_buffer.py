"""RequestBuffer: bytes that a connection received and cannot process yet.

They are the beginning of a head, or requests that arrived before the response to an earlier one.
All buffers of a process together are limited to MAX_BUFFERED bytes.
"""

from glimpse.server.request_head import RequestRefused

MAX_BUFFERED = 64 * 1024 * 1024  # bytes, of all connections of a process
# Bytes of each connection that do not count, so that requests with a head of usual size are served
# even when other clients use up MAX_BUFFERED.
_UNCOUNTED = 16 * 1024


class BufferLimit:
    """The bytes that all connections may buffer, and do buffer; _UNCOUNTED excluded for each."""

    def __init__(self, limit: int = MAX_BUFFERED) -> None:
        self.limit = limit
        self.used = 0


_PROCESS_LIMIT = BufferLimit()


class RequestBuffer(bytearray):
    """The buffer of one connection. Call `count_size` after adding bytes; empty it with `drop`."""

    def __init__(self, limit: BufferLimit = _PROCESS_LIMIT) -> None:
        super().__init__()
        self._limit = limit
        self._counted = 0

    def count_size(self) -> None:
        """Count the present size. Raises RequestRefused with 503 if it grew beyond the limit."""
        size = max(0, len(self) - _UNCOUNTED)
        growth, self._counted = size - self._counted, size
        self._limit.used += growth
        if growth > 0 and self._limit.used > self._limit.limit:
            raise RequestRefused(503, "The server is busy with other requests. Try again.")

    def drop(self) -> None:
        """Empty the buffer. May be called again."""
        self.clear()
        if self._counted:
            self._limit.used -= self._counted
            self._counted = 0
