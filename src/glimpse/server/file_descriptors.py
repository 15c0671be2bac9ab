"""DescriptorGuard: tells if the process has file descriptors left for another connection.

`HttpProtocol` asks it for each new connection, and refuses those for which there are too few.

Without free descriptors, a process can open neither its catalog, an image nor a connection to
another service, and uvloop closes the connections of the kernel's backlog without a response.
"""

import logging
import os
import resource
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_MAX_RESERVED = 64  # descriptors, for the catalog, images and other services
_LOG_INTERVAL = 60.0  # seconds between two log lines


class DescriptorGuard:
    """Tells if the process has enough free file descriptors to serve another connection.

    The kernel gives each new descriptor the lowest free number, so this number shows how many are
    in use. An eighth of the limit of open files (RLIMIT_NOFILE), at most 64, is reserved for other
    uses than connections.

    If no connection can be served, `can_accept` and `can_accept_now` log an error, at most one per
    minute in all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_at = -_LOG_INTERVAL
        self._refused = 0
        self.update_limit()

    def update_limit(self) -> None:
        """Read the process's limit of open files again: prlimit(1) may have changed it."""
        self._limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._available = self._limit - min(self._limit // 8, _MAX_RESERVED)

    def can_accept(self, descriptor: int) -> bool:
        """Return True if a new connection, which has this descriptor, can be served.

        False means that the caller has to refuse it; it is counted for the log as refused.
        """
        if descriptor < self._available:
            return True
        self._refused += 1
        self._log()
        return False

    def can_linger(self, descriptor: int) -> bool:
        """Return True if a refused connection may stay open until its client has read why.

        `descriptor` is the connection's. Refused connections use at most half of the reserved
        descriptors.
        """
        return descriptor < (self._available + self._limit) // 2

    def can_accept_now(self) -> bool:
        """Return True if a connection that arrives now could be served.

        Call it every second for its log line: if no descriptor is free at all, the kernel accepts
        no connection, so `can_accept` is not called.
        """
        try:
            descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._log()
            return False
        os.close(descriptor)
        if descriptor >= self._available:
            self._log()
            return False
        return True

    def _log(self) -> None:
        """Log that connections are refused, unless that was logged in the last minute."""
        now = self._clock()
        if now - self._logged_at < _LOG_INTERVAL:
            return
        self._logged_at = now
        _LOG.error(
            "Connections are refused: nearly all of the %d file descriptors that this process may "
            "have are in use (refused since the last such line: %d). Raise the limit: LimitNOFILE "
            "of a systemd unit, or ulimit -n.",
            self._limit,
            self._refused,
        )
        self._refused = 0


DESCRIPTORS = DescriptorGuard()  # of this process, as the limit is
