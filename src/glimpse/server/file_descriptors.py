"""File descriptors: refuse connections, and say so, before the process has none left.

A process without free descriptors cannot open its catalog, an image or a connection to another
service, and the kernel's backlog is emptied by closing connections without a word.
"""

import logging
import os
import resource
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_MOST_RESERVED = 64  # descriptors: for the catalog, images and other services
_LOG_INTERVAL = 60.0  # seconds between two lines


class DescriptorGuard:
    """Knows how near the process is to its limit of open files (RLIMIT_NOFILE).

    The kernel gives the lowest free number to each new descriptor, so a high number means that as
    many are in use. A part of the limit, an eighth and at most 64, is not for connections.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_at = -_LOG_INTERVAL
        self._refused = 0
        self.update_limit()

    def update_limit(self) -> None:
        """Read the limit again, which may have changed."""
        self._limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = self._limit - min(self._limit // 8, _MOST_RESERVED)

    def admits(self, descriptor: int) -> bool:
        """Whether a new connection that has this descriptor is to be served."""
        if descriptor < self._most:
            return True
        self._refused += 1
        self._log()
        return False

    def allows_lingering(self, descriptor: int) -> bool:
        """Whether a connection that is refused may be kept until the client has read that."""
        return descriptor < (self._most + self._limit) // 2

    def check(self) -> bool:
        """Whether there are descriptors to spare; log it if not."""
        try:
            descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._log()
            return False
        os.close(descriptor)
        if descriptor >= self._most:
            self._log()
            return False
        return True

    def _log(self) -> None:
        """Log it, once a minute."""
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


DESCRIPTORS = DescriptorGuard()  # one a process, as the limit is
