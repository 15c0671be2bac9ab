"""LoginQueue: bounded, fair, and without work for cancelled attempts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from glimpse.identity.embedded.login_history import Attempt
from glimpse.identity.embedded.login_queue import (
    MAX_UNITS,
    MAX_WAITING_OF_NAME,
    RETRY_DELAY,
    THREADS,
    LoginQueue,
    TooManyLogins,
)
from glimpse.identity.embedded.login_throttle import LoginThrottle
from glimpse.identity.service import IdentityUnavailable

MAX_WAITING = MAX_UNITS - THREADS  # checks of one unit, while all threads are busy


class Checks:
    """Password checks that wait until `gate` opens, and record their order."""

    def __init__(self, queue: LoginQueue) -> None:
        self.queue = queue
        self.ran: list[str] = []
        self.gate = threading.Event()

    def start(
        self,
        name: str,
        address: str = "10.0.0.1",
        secret: str = "",
        *,
        right: bool = True,
        units: int = 1,
    ) -> asyncio.Task[bool]:
        attempt = Attempt(f"{name}@{address}".encode(), address.encode(), f"{secret}".encode())
        return asyncio.ensure_future(self.queue.check(attempt, self._work(name, right), units))

    def _work(self, name: str, right: object) -> Callable[[], bool]:
        def work() -> bool:
            self.gate.wait(20)
            self.ran.append(name)
            return bool(right)

        return work


@pytest.fixture
async def throttle() -> LoginThrottle:
    return LoginThrottle()


@pytest.fixture
async def checks(throttle: LoginThrottle) -> AsyncIterator[Checks]:
    """Checks with all threads busy until the gate opens."""
    checks = Checks(LoginQueue(throttle, sleep=no_sleep))
    busy = [checks.start(f"busy-{n}", f"10.1.0.{n}") for n in range(THREADS)]
    await settled()
    yield checks
    checks.gate.set()
    await asyncio.gather(*busy)
    checks.queue.close()


async def no_sleep(_: float) -> None:
    """A sleep that returns at once."""
    await asyncio.sleep(0)


async def count_refused(tasks: list[asyncio.Task[bool]]) -> int:
    """Return the number of tasks that were refused, some of them after a wait."""
    await settled()
    errors = [task.exception() for task in tasks if task.done()]
    assert all(isinstance(error, TooManyLogins) for error in errors)
    return len(errors)


async def settled() -> None:
    """Run all tasks until each waits."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_attempts_beyond_a_full_queue_are_refused(checks: Checks) -> None:
    tasks = [checks.start(f"user-{n}", f"10.2.0.{n}") for n in range(MAX_WAITING + 5)]
    assert await count_refused(tasks) == 5
    checks.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results.count(True) == MAX_WAITING


async def test_checks_that_take_longer_fill_the_queue_sooner(checks: Checks) -> None:
    tasks = [checks.start(f"user-{n}", f"10.2.0.{n}", units=5) for n in range(5)]
    assert await count_refused(tasks) == 5 - MAX_WAITING // 5
    checks.gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def checks_after_login(throttle: LoginThrottle) -> Checks:
    """A queue in which "demo" has logged in; further checks wait for the gate."""
    checks = Checks(LoginQueue(throttle, sleep=no_sleep))
    checks.gate.set()
    assert await checks.start("demo", secret="right")
    checks.gate.clear()
    return checks


async def test_name_that_logged_in_before_displaces_checks_that_fill_the_queue(
    checks_after_login: Checks,
) -> None:
    checks = checks_after_login
    many = [checks.start(f"user-{n}", f"10.2.0.{n}", units=16) for n in range(8)]
    await settled()
    again = checks.start("demo", secret="right", units=16)
    await settled()
    checks.gate.set()
    assert await again
    await asyncio.gather(*many, return_exceptions=True)
    checks.queue.close()


async def test_attempt_without_space_waits_until_there_is_some(throttle: LoginThrottle) -> None:
    held: list[float] = []
    hold_ends = asyncio.Event()

    async def sleep(seconds: float) -> None:
        held.append(seconds)
        await hold_ends.wait()

    checks = Checks(LoginQueue(throttle, sleep=sleep))
    number = THREADS + MAX_WAITING + 1
    tasks = [checks.start(f"user-{n}", f"10.2.0.{n}") for n in range(number)]
    await settled()
    assert held == [2 * RETRY_DELAY]  # the attempt has been refused once
    checks.gate.set()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    hold_ends.set()
    assert await asyncio.gather(*tasks) == [True] * number
    checks.queue.close()


async def test_attempts_of_one_name_and_address_are_bounded(checks: Checks) -> None:
    many = [checks.start("demo", secret=f"guess {n}") for n in range(20)]
    other = checks.start("alt")
    assert await count_refused(many) == 20 - MAX_WAITING_OF_NAME
    checks.gate.set()
    assert await other
    await asyncio.gather(*many, return_exceptions=True)


async def test_equal_attempts_are_checked_once(checks: Checks) -> None:
    tasks = [checks.start("demo", secret="the same") for _ in range(50)]
    await settled()
    checks.gate.set()
    assert await asyncio.gather(*tasks) == [True] * 50
    assert checks.ran.count("demo") == 1


async def test_work_of_cancelled_attempts_is_not_done(checks: Checks) -> None:
    tasks = [checks.start(f"user-{n}") for n in range(10)]
    await settled()
    for task in tasks:
        task.cancel()
    last = checks.start("demo")
    await asyncio.gather(*tasks, return_exceptions=True)
    checks.gate.set()
    assert await last
    assert not [name for name in checks.ran if name.startswith("user-")]


async def test_key_without_failures_is_checked_before_those_that_fail(
    checks: Checks, throttle: LoginThrottle
) -> None:
    for _ in range(2):
        for n in range(10):
            throttle.record_failure(b"bad-%d@10.2.0.%d" % (n, n))
    bad = [checks.start(f"bad-{n}", f"10.2.0.{n}", right=False) for n in range(10)]
    await settled()
    good = checks.start("demo", "10.3.0.1")
    await settled()
    checks.gate.set()
    assert await good
    assert checks.ran.index("demo") <= 2 * THREADS
    await asyncio.gather(*bad)
    ran = [name for name in checks.ran if name.startswith("bad-")]
    assert len(ran) == 10, "keys with failures are checked, too"


async def test_key_without_failures_displaces_one_that_fails(
    checks: Checks, throttle: LoginThrottle
) -> None:
    for n in range(MAX_WAITING):
        throttle.record_failure(b"10.2.0.%d" % n)
    bad = [checks.start(f"bad-{n}", f"10.2.0.{n}") for n in range(MAX_WAITING)]
    await settled()
    good = checks.start("demo", "10.3.0.1")
    assert await count_refused(bad) == 1
    checks.gate.set()
    assert await good
    await asyncio.gather(*bad, return_exceptions=True)


async def test_address_with_many_names_is_displaced_by_another(checks: Checks) -> None:
    many = [checks.start(f"user-{n}", "10.2.0.1") for n in range(MAX_WAITING)]
    await settled()
    other = checks.start("demo", "10.3.0.1")
    await settled()
    checks.gate.set()
    assert await other
    assert checks.ran.index("demo") <= 2 * THREADS + 2
    await asyncio.gather(*many, return_exceptions=True)


async def test_name_that_logged_in_before_is_checked_before_new_ones_of_its_address(
    checks_after_login: Checks,
) -> None:
    checks = checks_after_login
    busy = [checks.start(f"busy-{n}", f"10.1.0.{n}") for n in range(THREADS)]
    many = [checks.start(f"user-{n}") for n in range(3 * MAX_WAITING)]
    await settled()
    again = checks.start("demo", secret="right")
    await settled()
    checks.gate.set()
    assert await again
    await asyncio.gather(*busy, *many, return_exceptions=True)
    checks.queue.close()


async def test_correct_login_succeeds_among_guesses_of_its_name_and_address(
    throttle: LoginThrottle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals are random: after some attempts it succeeds, and no name is locked out."""
    monkeypatch.setattr("glimpse.identity.embedded.login_throttle.MAX_DELAY", 0.0)
    checks = Checks(LoginQueue(throttle, sleep=no_sleep))
    checks.gate.set()

    async def attack(number: int) -> None:
        while True:
            with suppress(TooManyLogins):
                await checks.start("demo", secret=f"guess {number}", right=False)
            await asyncio.sleep(0.001)

    attackers = [asyncio.ensure_future(attack(n)) for n in range(30)]
    await settled()
    for _ in range(10_000):
        with suppress(TooManyLogins):
            assert await checks.start("demo", secret="right")
            break
    else:
        pytest.fail("it never came through")
    for task in attackers:
        task.cancel()
    await asyncio.gather(*attackers, return_exceptions=True)
    checks.queue.close()


async def test_error_of_a_check_reaches_its_caller_and_the_queue_continues(
    throttle: LoginThrottle,
) -> None:
    queue = LoginQueue(throttle, sleep=no_sleep)

    def fail() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await queue.check(Attempt(b"k", b"a", b"1"), fail)
    assert await queue.check(Attempt(b"k", b"a", b"2"), lambda: True)
    queue.close()


async def test_closing_fails_waiting_and_later_callers_and_finishes_running_checks(
    throttle: LoginThrottle,
) -> None:
    checks = Checks(LoginQueue(throttle))  # with real pauses, which would take seconds
    running = [checks.start(f"busy-{n}", f"10.1.0.{n}") for n in range(THREADS)]
    others = [checks.start(f"user-{n}", f"10.2.0.{n}") for n in range(MAX_WAITING + 1)]
    await settled()
    assert not any(task.done() for task in others), "one is refused and pauses, the others wait"
    checks.queue.close()
    others.append(checks.start("later"))
    async with asyncio.timeout(RETRY_DELAY):
        errors = await asyncio.gather(*others, return_exceptions=True)
    assert {type(error) for error in errors} == {IdentityUnavailable}
    checks.gate.set()
    assert await asyncio.gather(*running) == [True] * THREADS
