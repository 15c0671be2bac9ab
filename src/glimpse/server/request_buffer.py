"""RequestBuffer: the bytes that a connection has received and cannot process yet.

They are an incomplete head, or requests that arrived before the response to an earlier one. All
buffers of a process together are limited to MAX_BUFFERED bytes. Bodies that the application has
read are limited by `http.body_budget`.
"""

from glimpse.server.request_head import RequestRefused

MAX_BUFFERED = 64 * 1024 * 1024  # bytes, of all connections of a process
# Bytes of each connection that do not count, so that requests with a head of usual size are served
# even when other clients use up MAX_BUFFERED.
_UNCOUNTED_BYTES = 16 * 1024


class BufferLimit:
    """A limit in bytes for all buffers that share it, and the bytes `used` of it.

    The first 16 KiB of each buffer do not count.
    """

    def __init__(self, limit: int = MAX_BUFFERED) -> None:
        self.limit = limit
        self.used = 0


_PROCESS_LIMIT = BufferLimit()


class RequestBuffer(bytearray):
    """The bytes that one connection cannot process yet. They count against `limit`.

    Call `count_size` after adding bytes; empty the buffer with `drop`, also when its connection is
    closed.
    """

    def __init__(self, limit: BufferLimit = _PROCESS_LIMIT) -> None:
        super().__init__()
        self._limit = limit
        self._counted = 0

    def count_size(self) -> None:
        """Update the shared count to the size of this buffer.

        Raises RequestRefused (503) if the buffer has grown and the limit is exceeded. Its bytes
        count until `drop` in this case, too.
        """
        size = max(0, len(self) - _UNCOUNTED_BYTES)
        growth, self._counted = size - self._counted, size
        self._limit.used += growth
        if growth > 0 and self._limit.used > self._limit.limit:
            raise RequestRefused(503, "The server is busy with other requests. Try again.")

    def drop(self) -> None:
        """Remove all bytes, also from the shared count. The buffer can be filled again."""
        self.clear()
        if self._counted:
            self._limit.used -= self._counted
            self._counted = 0
