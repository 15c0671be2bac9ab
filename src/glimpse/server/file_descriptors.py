"""DescriptorGuard: tells if the process has file descriptors left for another connection.

`HttpProtocol` asks the guard for each new connection, and refuses the connection if too few
descriptors are left.

A process without free descriptors can open no catalog, no image and no connection to another
service. uvloop then closes new connections without a response.
"""

import logging
import os
import resource
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_MAX_RESERVED = 64  # descriptors, for the catalog, images and other services
_LOG_INTERVAL = 60.0  # seconds between two log lines
_MIN_LIMIT = 64  # descriptors; an idle process has about 25


def limit_problem() -> str | None:
    """Return why this process may not open enough files to serve; None if it may.

    A process needs at least 64 open files. The returned text also says which limit to raise.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit >= _MIN_LIMIT:
        return None
    return (
        f"this process may have only {limit} open files, and needs at least {_MIN_LIMIT} to serve: "
        "raise LimitNOFILE of the systemd unit, or ulimit -n"
    )


class DescriptorGuard:
    """Tells if the process has enough free file descriptors to serve another connection.

    The kernel gives each new descriptor the lowest free number. So the number of a new descriptor
    shows how many descriptors are in use. An eighth of the soft limit of open files
    (RLIMIT_NOFILE), at most 64, is reserved for other uses than connections.

    `admit` and `log_if_exhausted` log an error when connections are refused. The two methods
    together log at most one error per minute.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_at = -_LOG_INTERVAL
        self._refused = 0
        self.update_limit()

    def update_limit(self) -> None:
        """Read the process's limit of open files again. prlimit(1) may have changed the limit."""
        self._limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._available = self._limit - min(self._limit // 8, _MAX_RESERVED)

    def admit(self, descriptor: int) -> bool:
        """Return True if the new connection with this descriptor can be served.

        If the result is False, the caller has to refuse the connection. This method counts the
        refused connection, and logs an error with the number of refused connections, at most once
        per minute.
        """
        if descriptor < self._available:
            return True
        self._refused += 1
        self._log()
        return False

    def can_linger(self, descriptor: int) -> bool:
        """Return True if a refused connection may stay open until its client has read the error.

        If the result is False, the caller closes the connection at once. `descriptor` is the
        descriptor of the connection. Refused connections use at most half of the reserved
        descriptors.
        """
        return descriptor < (self._available + self._limit) // 2

    def can_accept_now(self) -> bool:
        """Return True if a connection that arrives now could be served.

        Opens and closes ``/dev/null`` to get the number of a new descriptor. Logs nothing.
        """
        try:
            descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        os.close(descriptor)
        return descriptor < self._available

    def log_if_exhausted(self) -> None:
        """Log an error if a connection that arrives now could not be served.

        Call this method every second. If no descriptor is free at all, the kernel accepts no
        connections, and `admit` is not called.
        """
        if not self.can_accept_now():
            self._log()

    def _log(self) -> None:
        """Log an error with the number of refused connections since the last such line.

        Does nothing if the last such line is less than a minute old.
        """
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


DESCRIPTORS = DescriptorGuard()  # one for the process, because the limit is for the process
