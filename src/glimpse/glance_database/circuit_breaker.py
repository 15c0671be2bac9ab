"""CircuitBreaker: tells whether a database failed so often that requests should avoid it."""

import time
from collections.abc import Callable

_MAX_FAILURES = 3  # in a row, after which requests no longer call the database
_RETRY_SECONDS = 1.0  # between two probes


class CircuitBreaker:
    """Says whether a database fails, so that requests do not call the database then.

    The circuit breaker opens after `max_failures` failed calls in a row, and closes after a
    successful call. The caller checks `is_open` before each call, and records the outcome of each
    call. While the circuit breaker is open, call the database only to find out whether it works
    again. Such a call is a probe. `is_probe_due` returns True when `retry_seconds` have passed
    since the last failure.
    """

    def __init__(
        self,
        max_failures: int = _MAX_FAILURES,
        retry_seconds: float = _RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_failures = max_failures
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._failures = 0
        self._probe_due_at = 0.0

    @property
    def is_open(self) -> bool:
        """True from `max_failures` failures in a row until a success."""
        return self._failures >= self._max_failures

    def record_success(self) -> None:
        """Record a call that succeeded: close the circuit breaker, and count failures from 0."""
        self._failures = 0

    def record_failure(self) -> None:
        """Record a call that failed. The next probe is due `retry_seconds` from now.

        If `max_failures` calls have failed since the last success, the circuit breaker opens.
        """
        self._failures += 1
        self._probe_due_at = self._clock() + self._retry_seconds

    def is_probe_due(self) -> bool:
        """Return True if the circuit breaker is open and a probe should call the database now.

        A probe is due `retry_seconds` after the last failure. The result stays True until the next
        call is recorded.
        """
        return self.is_open and self._clock() >= self._probe_due_at
