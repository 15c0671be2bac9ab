"""RequestBuffer: the bytes that a connection has received and cannot process yet.

A buffer has an incomplete head, or requests that arrived before the response to an earlier request.
All buffers of a process together are limited to MAX_BUFFERED bytes, besides the first 16 KiB of
each. `http.body_memory` limits the bodies that the application has read.
"""

from glimpse.server.request_head import RequestRefused

MAX_BUFFERED = 64 * 1024 * 1024  # bytes in the buffers of all connections of a process
# Bytes of each connection that do not count, so that requests with a head of usual size are served
# even if other clients use up MAX_BUFFERED.
_UNCOUNTED_BYTES = 16 * 1024


class BufferLimit:
    """The limit, in bytes, of several buffers together.

    `used` is the number of bytes that count at present. The first 16 KiB of each buffer do not
    count.
    """

    def __init__(self, limit: int = MAX_BUFFERED) -> None:
        self.limit = limit
        self.used = 0


_PROCESS_LIMIT = BufferLimit()


class RequestBuffer(bytearray):
    """The bytes that one connection cannot process yet.

    The bytes beyond the first 16 KiB count against `limit`, which all buffers of the process share
    by default. Call `count_size` after adding bytes. Call `drop` to empty the buffer, and when the
    connection has closed.
    """

    def __init__(self, limit: BufferLimit = _PROCESS_LIMIT) -> None:
        super().__init__()
        self._limit = limit
        self._counted = 0

    def count_size(self) -> None:
        """Update what this buffer counts against the shared limit: its bytes beyond 16 KiB.

        Call this method after adding bytes. Raises RequestRefused (503) if the count has grown and
        all buffers together exceed the limit. The bytes then still count, until `drop` is called.
        """
        size = max(0, len(self) - _UNCOUNTED_BYTES)
        growth, self._counted = size - self._counted, size
        self._limit.used += growth
        if growth > 0 and self._limit.used > self._limit.limit:
            raise RequestRefused(503, "The server is busy with other requests. Try again.")

    def drop(self) -> None:
        """Remove all bytes, and stop counting these bytes. The buffer can be filled again."""
        self.clear()
        if self._counted:
            self._limit.used -= self._counted
            self._counted = 0
