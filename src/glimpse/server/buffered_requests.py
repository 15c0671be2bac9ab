"""HeldBytes: what connections hold of requests that cannot be served yet, all of them bounded.

That is the beginning of a head, or requests that came before the response to an earlier one.
"""

from glimpse.server.request_head import RequestRefused

MOST_HELD = 64 * 1024 * 1024  # bytes, of all connections of a process
# Bytes of each connection that do not count: clients that fill this up keep no usual request out.
_NOT_COUNTED = 16 * 1024


class HeldTotal:
    """Counts the bytes of all connections, beyond the first of each."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self.most = most
        self.used = 0


_TOTAL = HeldTotal()  # one a process


class HeldBytes(bytearray):
    """The bytes that one connection holds. Call `count_size` after bytes were added."""

    def __init__(self, total: HeldTotal = _TOTAL) -> None:
        super().__init__()
        self._total = total
        self._counted = 0

    def count_size(self) -> None:
        """Count the bytes. Raises RequestRefused if all connections hold too many with these."""
        counts = max(0, len(self) - _NOT_COUNTED)
        added, self._counted = counts - self._counted, counts
        self._total.used += added
        if added > 0 and self._total.used > self._total.most:
            raise RequestRefused(503, "The server is busy with other requests. Try again.")

    def drop(self) -> None:
        """Hold nothing any more."""
        self.clear()
        if self._counted:
            self._total.used -= self._counted
            self._counted = 0
