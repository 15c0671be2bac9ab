"""The circuit breaker: when a failing database is no longer tried, and when it is again."""

from glimpse.glance_database.circuit_breaker import CircuitBreaker


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_three_failures_in_a_row() -> None:
    breaker = CircuitBreaker()
    for _ in range(2):
        breaker.record_failure()
    assert not breaker.is_open
    breaker.record_success()
    for _ in range(2):
        breaker.record_failure()
    assert not breaker.is_open
    breaker.record_failure()
    assert breaker.is_open


def test_a_success_closes_it() -> None:
    breaker = CircuitBreaker(max_failures=1)
    breaker.record_failure()
    breaker.record_success()
    assert not breaker.is_open


def test_a_probe_is_due_some_time_after_the_last_failure() -> None:
    clock = Clock()
    breaker = CircuitBreaker(max_failures=1, retry_seconds=1.0, clock=clock)
    assert not breaker.is_probe_due()
    breaker.record_failure()
    clock.now += 0.9
    assert not breaker.is_probe_due()
    clock.now += 0.2
    assert breaker.is_probe_due()
    breaker.record_failure()
    assert not breaker.is_probe_due()
