"""CircuitBreaker: tells whether a database failed so often that requests should avoid it."""

import time
from collections.abc import Callable

_MAX_FAILURES = 3  # in a row, after which requests no longer call the database
_RETRY_SECONDS = 1.0  # between two probes


class CircuitBreaker:
    """Opens after `max_failures` failed calls in a row, and closes after a successful call.

    The caller records each call, and checks `is_open` before a call. While the circuit breaker is
    open, no request should call the database. Only a probe should: a caller without a schedule of
    its own asks `is_probe_due`, which is True `retry_seconds` after the last failure.
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
        """True if requests should not call the database."""
        return self._failures >= self._max_failures

    def record_success(self) -> None:
        """Record a call that succeeded: close the circuit breaker, and count failures from 0."""
        self._failures = 0

    def record_failure(self) -> None:
        """Record a call that failed. The next probe is due `retry_seconds` from now."""
        self._failures += 1
        self._probe_due_at = self._clock() + self._retry_seconds

    def is_probe_due(self) -> bool:
        """Return True if the circuit breaker is open and a probe should call the database now."""
        return self.is_open and self._clock() >= self._probe_due_at
