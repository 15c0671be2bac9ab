"""ThrottledErrorLog: logs an error at most once a minute, even if every request causes it."""

import logging
import math
import time
from collections.abc import Callable

_SECONDS = 60.0


class ThrottledErrorLog:
    """Logs messages at level ERROR, at most one in 60 seconds. Others are dropped.

    Make one for each kind of error, such as a full disk, and share it between all requests.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._logged_at = -math.inf

    def __call__(self, message: str, *arguments: object) -> None:
        """Log the message, unless one was logged in the last 60 seconds. Any thread may call it."""
        now = self._clock()
        if now - self._logged_at >= _SECONDS:
            self._logged_at = now
            self._log.error(message, *arguments)
