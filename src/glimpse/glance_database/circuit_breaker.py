"""CircuitBreaker: decides when a database that keeps failing is no longer tried."""

import time
from collections.abc import Callable

_FAILURES = 3  # in a row, after which requests no longer try the database
_RETRY_SECONDS = 1.0  # between two probes


class CircuitBreaker:
    """Counts successes and failures of calls. It is open after three failures in a row.

    While it is open, no request should call the database. A probe should, every `retry_seconds`:
    it closes the circuit breaker if it succeeds.
    """

    def __init__(
        self,
        failures: int = _FAILURES,
        retry_seconds: float = _RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_failures = failures
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._failures = 0
        self._probe_due_at = 0.0

    @property
    def is_open(self) -> bool:
        """True if requests should not call the database."""
        return self._failures >= self._max_failures

    def record_success(self) -> None:
        """Close the circuit breaker: a call has succeeded."""
        self._failures = 0

    def record_failure(self) -> None:
        """Count a failed call. The next probe is due in `retry_seconds`."""
        self._failures += 1
        self._probe_due_at = self._clock() + self._retry_seconds

    def is_probe_due(self) -> bool:
        """Return True if it is open and the last failure was `retry_seconds` ago."""
        return self.is_open and self._clock() >= self._probe_due_at
