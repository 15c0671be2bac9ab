"""ThrottledErrorLog: logs an error at most once a minute, even if every request causes it."""

import logging
import math
import time
from collections.abc import Callable

_SECONDS = 60.0


class ThrottledErrorLog:
    """Logs a message at level ERROR at most once in 60 seconds; drops the other messages.

    Make one object for each kind of error, such as a full disk, and use the object for all
    requests.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._logged_at = -math.inf

    def __call__(self, message: str, *arguments: object) -> None:
        """Log the message; drop it if a message was logged in the last 60 seconds.

        `arguments` are those of the message, as for `logging.error`. Any thread may call this
        method.
        """
        now = self._clock()
        if now - self._logged_at >= _SECONDS:
            self._logged_at = now
            self._log.error(message, *arguments)
