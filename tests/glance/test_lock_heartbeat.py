"""LockHeartbeat: when locks are renewed, and which failures are logged."""

import threading

import pytest
from tooz.coordination import CoordinationDriver

from glimpse.glance.lock_heartbeat import LockHeartbeat

FAILS = "cannot be changed until it is back: ConnectionError"
RECOVERED = "The lock service responds again."


class Coordinator(CoordinationDriver):
    """A coordinator with `results` of heartbeats: seconds until locks expire, or an error."""

    requires_beating = True

    def __init__(self, *results: float | Exception | None) -> None:
        self.results = list(results)

    def heartbeat(self) -> float | None:
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def run(coordinator: Coordinator) -> list[float]:
    """Run heartbeats until `results` is used up; return the seconds before each."""
    intervals: list[float] = []
    finished = threading.Event()

    def wait(seconds: float) -> bool:
        if not coordinator.results:
            finished.set()
            return True
        intervals.append(seconds)
        return False

    LockHeartbeat(coordinator, wait).start()
    assert finished.wait(10)
    return intervals


def test_locks_are_renewed_three_times_before_they_expire() -> None:
    assert run(Coordinator(3.0, 9.0, 9.0)) == [0.0, 1.0, 3.0]


def test_interval_is_a_second_after_a_failure_and_without_an_expiry() -> None:
    assert run(Coordinator(9.0, ConnectionError(), None, 9.0)) == [0.0, 3.0, 1.0, 1.0]


def test_failures_and_recovery_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    down = [ConnectionError("redis://:password@host") for _ in range(3)]
    run(Coordinator(9.0, *down, 9.0, 9.0, *down, 9.0))
    words = [FAILS, RECOVERED, FAILS, RECOVERED]
    assert len(caplog.messages) == len(words)
    assert all(word in line for word, line in zip(words, caplog.messages, strict=True))
    assert "password" not in caplog.text


def test_no_thread_is_started_for_locks_that_do_not_expire() -> None:
    coordinator = Coordinator(1.0)
    coordinator.requires_beating = False
    before = threading.active_count()
    LockHeartbeat(coordinator).start()
    assert threading.active_count() == before
    assert coordinator.results == [1.0]
