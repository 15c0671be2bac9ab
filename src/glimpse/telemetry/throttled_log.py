"""Errors that would repeat with every request, logged once a minute."""

import logging
import math
import time
from collections.abc import Callable

_SECONDS = 60.0


class ThrottledErrorLog:
    """Logs at level ERROR, at most once in 60 seconds; what comes between is not logged at all.

    One for each thing that can go wrong: a full disk is one, however many requests meet it.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._logged_at = -math.inf

    def __call__(self, message: str, *arguments: object) -> None:
        """Log the message, unless one was logged less than a minute ago. Any thread may call."""
        now = self._clock()
        if now - self._logged_at >= _SECONDS:
            self._logged_at = now
            self._log.error(message, *arguments)
