"""BodyMemory: limits the memory that the bodies of all requests in progress take together."""

from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import RequestContext

# Bytes of request bodies that one process holds at once. The first UNCOUNTED_BYTES of each body do
# not count, so that logins and metadata writes succeed even if large bodies use up the limit.
MAX_HELD_BYTES = 64 * 1024 * 1024
UNCOUNTED_BYTES = 16 * 1024


class TooManyBodies(Unavailable):
    """The request bodies in the memory of this process would exceed MAX_HELD_BYTES (503)."""


class BodyMemory:
    """Counts the bytes of request bodies in memory; raises TooManyBodies beyond `total` bytes.

    While no other request has bytes that count, a body may be larger than `total`. `read_body`
    calls `reserve` as bytes arrive. `RequestMiddleware` calls `release` at the end of the request.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self.used = 0

    def reserve(self, context: RequestContext, size: int) -> None:
        """Count `size` more bytes for the request of `context`; add them to its `body_bytes`.

        Raises TooManyBodies, and counts nothing, if more than `total` bytes would be counted and
        some are those of another request. A single body may be larger than `total`, because the
        option `max_request_body_size` limits it.
        """
        if self.used + size > self._total and self.used > context.body_bytes:
            raise TooManyBodies("The server is busy with other requests. Try again.")
        self.used += size
        context.body_bytes += size

    def release(self, context: RequestContext) -> None:
        """Stop counting the bytes of a request that has ended; set its `body_bytes` to 0."""
        self.used -= context.body_bytes
        context.body_bytes = 0


BODIES = BodyMemory(MAX_HELD_BYTES)
