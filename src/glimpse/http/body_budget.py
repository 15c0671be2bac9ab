"""BodyBudget: limits the memory that the bodies of all requests in progress take together."""

from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import RequestContext

# Bytes of request bodies that one process holds at once. The first bytes of each body do not count:
# when large bodies have used up all of this, logins and metadata writes still succeed.
MAX_HELD_BYTES = 64 * 1024 * 1024
UNCOUNTED_BYTES = 16 * 1024


class TooManyBodies(Unavailable):
    """The request bodies that this process has in memory exceed MAX_HELD_BYTES."""


class BodyBudget:
    """Counts the bytes of request bodies in memory; raises TooManyBodies beyond `total`.

    Bytes count from their arrival to the end of their request.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self.used = 0

    def reserve(self, context: RequestContext, size: int) -> None:
        """Count `size` more bytes for a request; add them to its `body_bytes`.

        Raises TooManyBodies, and counts nothing, if more than `total` bytes would be in memory. A
        request is never refused while no other has bytes in memory: `max_request_body_size` limits
        a single body.
        """
        if self.used + size > self._total and self.used > context.body_bytes:
            raise TooManyBodies("The server is busy with other requests. Try again.")
        self.used += size
        context.body_bytes += size

    def release(self, context: RequestContext) -> None:
        """Stop counting the bytes of a request that has ended."""
        self.used -= context.body_bytes
        context.body_bytes = 0


BODIES = BodyBudget(MAX_HELD_BYTES)
