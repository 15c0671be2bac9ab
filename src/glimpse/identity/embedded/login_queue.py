"""LoginQueue: checks passwords in a few threads, in a fair order, with a bounded queue."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_throttle import FREE_FAILURES, LoginThrottle

THREADS = 2  # each check takes 16 MiB and a core: 0.05 s, or 0.23 s of a password kept as a hash
# Of the checks in threads and of those that wait, in units of 0.05 s: one CPU second. A check of a
# readable password is one unit, of a password kept as a hash five.
MAX_UNITS = 20
MIN_WAITING = 2  # have room in any case: else a right login could not displace a wrong one
MAX_WAITING_OF_KEY = 4
MAX_HELD = 500  # requests that wait without a check of their own: 20 kB each at most
HOLD_SECONDS = 1.0
RETRY_AFTER = 1  # seconds
_OLDEST_EVERY = 3  # one in so many checks is the oldest one, regardless of its rank
_MAX_RECORDED = 5000  # keys of recent checks, and keys that logged in: 1 MB in all
_MANY_FAILURES = 2


class TooManyLogins(Exception):
    """Too many passwords wait to be checked; try again after RETRY_AFTER seconds."""


class Attempt(NamedTuple):
    """A login attempt, as digests; equal attempts share one check.

    ``key``: the name and the client's address. ``compared``: the secret sent and the one known.
    """

    key: bytes
    address: bytes
    compared: bytes


@dataclass(eq=False, slots=True)
class _PasswordCheck:
    attempt: Attempt
    work: Callable[[], bool]
    units: int
    arrival: int
    waiters: set[asyncio.Future[bool]] = field(default_factory=set)


class LoginQueue:
    """Runs checks in threads: for each key one at a time, after the delay of the throttle.

    Order of checks: first the checks of keys that logged in before; then by fewer failures and
    refusals of the key and the address; then by the address, and then by the key, whose last check
    began longest ago. Every third check is the oldest one, so that each check is run at some time.
    Checks of keys and addresses with more than FREE_FAILURES failures share one thread.

    If the queue is full, one waiting check, or the new one, is refused: of those with the most
    failures and refusals, one of the address, and then of the key, with the most waiting checks. A
    random choice decides between equal ones, so that a correct login succeeds after some attempts,
    however many wrong ones are sent.
    """

    def __init__(
        self,
        throttle: LoginThrottle | None = None,
        threads: int = THREADS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._throttle = throttle or LoginThrottle()
        self._refusals = LoginThrottle()
        self._threads = threads
        self._sleep = sleep
        self._executor = ThreadPoolExecutor(threads, "glimpse-password")
        self._waiting: list[_PasswordCheck] = []
        self._running: list[_PasswordCheck] = []
        self._served: LruCache[bytes, int] = LruCache(_MAX_RECORDED)
        self._successes: LruCache[bytes, bool] = LruCache(_MAX_RECORDED)
        self._numbers = itertools.count(1)
        self._picks = itertools.count(1)
        self._held = 0
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, attempt: Attempt, work: Callable[[], bool], units: int = 1) -> bool:
        """Run `work` in a thread and return its result; False counts as a failed login.

        `units` is the CPU time of `work`, in units of 0.05 s.

        If the queue is full, tries again after HOLD_SECONDS, or after up to three times as long for
        keys and addresses with failures or refusals; raises TooManyLogins if the queue is full
        then, too. The wait slows down clients that would try again at once. If MAX_HELD callers
        wait so already, raises TooManyLogins at once. If the calling task is cancelled, `work` that
        has not started is dropped.
        """
        try:
            return await self._run(attempt, work, units)
        except TooManyLogins:
            self._refusals.record_failure(attempt.key)
            self._refusals.record_failure(attempt.address)
            if self._held >= MAX_HELD:
                raise
        self._held += 1
        try:
            await self._sleep(HOLD_SECONDS * (1 + max(self._rank(attempt))))
        finally:
            self._held -= 1
        return await self._run(attempt, work, units)

    def close(self) -> None:
        """Stop the threads, and cancel the callers of waiting checks."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, attempt: Attempt, work: Callable[[], bool], units: int) -> bool:
        """Run a check, or wait for the check of an equal attempt. Raises TooManyLogins."""
        checks = (*self._running, *self._waiting)
        check = next((each for each in checks if each.attempt == attempt), None)
        if check is None:
            check = self._admit(_PasswordCheck(attempt, work, units, next(self._numbers)))
        elif self._held >= MAX_HELD:
            raise TooManyLogins
        is_joining = bool(check.waiters)
        self._held += is_joining
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        check.waiters.add(future)
        self._dispatch()
        try:
            return await future
        finally:
            self._held -= is_joining
            check.waiters.discard(future)
            if not check.waiters and check in self._waiting:
                self._waiting.remove(check)

    def _admit(self, new: _PasswordCheck) -> _PasswordCheck:
        """Add `new` to the waiting checks and return it; if the queue is full, refuse others.

        Raises TooManyLogins if `new` is the check to refuse.
        """
        of_key = [each for each in self._waiting if each.attempt.key == new.attempt.key]
        if len(of_key) >= MAX_WAITING_OF_KEY:
            self._refuse(random.choice([*of_key, new]), new)  # noqa: S311  fairness needs no secret
        while len(self._waiting) >= MIN_WAITING and self._units() + new.units > MAX_UNITS:
            self._refuse(self._choose_check_to_refuse([*self._waiting, new]), new)
        self._waiting.append(new)
        return new

    def _units(self) -> int:
        """Return the CPU time of all checks that run or wait."""
        return sum(each.units for each in (*self._running, *self._waiting))

    def _refuse(self, refused: _PasswordCheck, new: _PasswordCheck) -> None:
        """Remove `refused` from the queue: all callers that wait for it raise TooManyLogins.

        If `refused` is `new`, which is not in the queue yet, raise TooManyLogins here.
        """
        if refused is new:
            raise TooManyLogins
        self._waiting.remove(refused)
        for future in refused.waiters:
            if not future.done():
                future.set_exception(TooManyLogins())

    def _choose_check_to_refuse(self, checks: list[_PasswordCheck]) -> _PasswordCheck:
        """Return the check to refuse if the queue is full, by the rule in the class docstring."""
        keys = Counter(check.attempt.key for check in checks)
        addresses = Counter(check.attempt.address for check in checks)

        def order_of_refusal(check: _PasswordCheck) -> tuple[object, ...]:
            key, address, _ = check.attempt
            tie = random.random()  # noqa: S311  fairness needs no secret
            return (self._rank(check.attempt), addresses[address], keys[key], tie)

        return max(checks, key=order_of_refusal)

    def _rank(self, attempt: Attempt) -> tuple[int, int]:
        """Return the failure levels of the key and of the address: 0 none, 1 few, 2 many.

        Returns (-1, 0), before all others, for a key that logged in before and has not had more
        than FREE_FAILURES failures since.
        """
        key, address, _ = attempt
        if self._successes.peek(key) and self._throttle.failures(key) <= FREE_FAILURES:
            return -1, 0
        return self._failure_level(key), self._failure_level(address)

    def _failure_level(self, key: bytes) -> int:
        count = self._throttle.failures(key) + self._refusals.failures(key)
        return _MANY_FAILURES if count > FREE_FAILURES else min(count, 1)

    def _has_many_failures(self, check: _PasswordCheck) -> bool:
        key, address, _ = check.attempt
        return max(map(self._throttle.failures, (key, address))) > FREE_FAILURES

    def _dispatch(self) -> None:
        """Start checks while threads are free, and set a timer for the next delayed check."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while len(self._running) < self._threads and not self._is_closed:
            ready, wait = self._ready_checks()
            if not ready:
                if wait is not None:
                    loop = asyncio.get_running_loop()
                    self._timer = loop.call_later(wait, self._dispatch)
                return
            self._start(self._next_check(ready))

    def _ready_checks(self) -> tuple[list[_PasswordCheck], float | None]:
        """Return the checks that may run now, and the seconds until the next delayed one.

        The seconds are None if no check is delayed.
        """
        keys = {check.attempt.key for check in self._running}
        failing = sum(map(self._has_many_failures, self._running))
        is_limit_reached = failing >= max(1, self._threads - 1)
        ready: list[_PasswordCheck] = []
        delays: list[float] = []
        for check in self._waiting:
            if check.attempt.key in keys or (is_limit_reached and self._has_many_failures(check)):
                continue
            delay = self._throttle.delay(check.attempt.key)
            if delay <= 0:
                ready.append(check)
            else:
                delays.append(delay)
        return ready, min(delays, default=None)

    def _next_check(self, ready: list[_PasswordCheck]) -> _PasswordCheck:
        """Return the check to run next, by the order in the class docstring."""
        if next(self._picks) % _OLDEST_EVERY == 0:
            return min(ready, key=lambda check: check.arrival)

        def order(check: _PasswordCheck) -> tuple[object, ...]:
            key, address, _ = check.attempt
            served = self._served.peek(address) or 0, self._served.peek(key) or 0
            return (self._rank(check.attempt), served, check.arrival)

        return min(ready, key=order)

    def _start(self, check: _PasswordCheck) -> None:
        self._waiting.remove(check)
        self._running.append(check)
        for each in (check.attempt.address, check.attempt.key):
            self._served.put(each, next(self._numbers))
        running = asyncio.get_running_loop().run_in_executor(self._executor, check.work)
        running.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: _PasswordCheck, done: asyncio.Future[bool]) -> None:
        self._running.remove(check)
        if done.cancelled():
            for future in check.waiters:
                future.cancel()
            return
        error = done.exception()
        if error is None and done.result():
            self._throttle.reset(check.attempt.key)
            self._refusals.reset(check.attempt.key)
            self._successes.put(check.attempt.key, value=True)
        else:
            self._throttle.record_failure(check.attempt.key)
            self._throttle.record_failure(check.attempt.address)
        for future in check.waiters:
            if future.done():
                continue
            if error is None:
                future.set_result(done.result())
            else:
                future.set_exception(error)
        self._dispatch()
