"""LoginQueue: checks passwords in a few threads, in a fair order, with a maximum load."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_history import LoginHistory
from glimpse.identity.embedded.login_throttle import LoginThrottle
from glimpse.identity.service import IdentityUnavailable

THREADS = 2  # each check takes 16 MiB and a core: 0.05 s, or 0.23 s of a password kept as a hash
# CPU time of all checks that run or wait, in units of 0.05 s: one second. The check of a readable
# password takes one unit, that of a password kept as a hash five.
MAX_UNITS = 20
MIN_WAITING = 2  # checks may wait in any case: so a correct login can displace a wrong one
MAX_WAITING_OF_KEY = 4
MAX_CALLERS_WITHOUT_CHECK = 500  # each takes at most 20 kB
RETRY_DELAY = 1.0  # seconds until a refused check is tried again; up to three times as long
RETRY_AFTER = 1  # seconds that a client should wait after TooManyLogins
_OLDEST_EVERY = 3  # every third check is the oldest one, regardless of its rank
_MAX_RECORDED = 5000  # keys of recent checks: 0.5 MB


class TooManyLogins(Exception):
    """Too many passwords wait to be checked: 429, with RETRY_AFTER as ``Retry-After``."""


class Attempt(NamedTuple):
    """Identifies a check by three digests. Concurrent checks with equal Attempts run once.

    ``address`` is the digest of the client's network, ``key`` that of the name and the network.
    ``compared`` is the digest of the secret that was sent and of the stored one.
    """

    key: bytes
    address: bytes
    compared: bytes


@dataclass(eq=False, slots=True)
class _PasswordCheck:
    """A check that waits or runs: ``waiters`` are its callers, ``arrival`` is its number."""

    attempt: Attempt
    work: Callable[[], bool]
    units: int
    arrival: int
    waiters: set[asyncio.Future[bool]] = field(default_factory=set)

    def fail(self, make_error: Callable[[], BaseException]) -> None:
        """Let each caller raise an error that `make_error` returns."""
        for future in self.waiters:
            if not future.done():
                future.set_exception(make_error())


def _closed() -> IdentityUnavailable:
    return IdentityUnavailable("Glimpse is shutting down. Send the login again.")


class LoginQueue:
    """Runs checks of passwords in threads. Those who guess passwords do not delay others much.

    Of each key (see Attempt), one check at a time is run, after the delay of LoginThrottle. Checks
    of keys or addresses with more than FREE_FAILURES failures use all threads but one. This is the
    order of the checks:

    1. checks of keys that logged in before;
    2. checks whose key has had no failures or refusals, then few, then many; then the same for
       the address;
    3. checks of the address, and then of the key, whose last check started longest ago.

    Every third check is the oldest one instead, so that each check is run at some time.

    Beyond MAX_WAITING_OF_KEY checks of a key, a random one of them is refused. Beyond MAX_UNITS in
    all, a waiting check or the new one is refused: one with the most failures and refusals; of
    those, one of the address, and then of the key, with the most waiting checks; of those, a random
    one. So a correct login succeeds after some attempts, however many wrong ones are sent.
    """

    def __init__(
        self,
        throttle: LoginThrottle | None = None,
        threads: int = THREADS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._history = LoginHistory(throttle or LoginThrottle())
        self._threads = threads
        self._sleep = sleep
        self._executor = ThreadPoolExecutor(threads, "glimpse-password")
        self._waiting: list[_PasswordCheck] = []
        self._running: list[_PasswordCheck] = []
        self._last_start: LruCache[bytes, int] = LruCache(_MAX_RECORDED)
        self._sequence = itertools.count(1)
        self._started_checks = itertools.count(1)
        self._callers_without_check = 0
        self._pauses: set[asyncio.Future[None]] = set()
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, attempt: Attempt, work: Callable[[], bool], units: int = 1) -> bool:
        """Run `work` in a thread when it is its turn, and return its result.

        False, or an exception of `work`, counts as a failed login; the exception is raised here.
        `units` is the CPU time of `work`, in units of 0.05 s. If the calling task is cancelled,
        `work` that has not started is removed from the queue.

        If the check is refused, this method waits and tries once more, which slows down clients
        that would send the next login at once. It waits RETRY_DELAY if the key logged in before,
        else two or three times as long. Raises TooManyLogins if the check is refused again; or
        without waiting, if MAX_CALLERS_WITHOUT_CHECK callers wait already, for a second try or for
        a check that another caller has started. Raises IdentityUnavailable if the queue is closed.
        """
        try:
            return await self._run(attempt, work, units)
        except TooManyLogins:
            self._history.record_refusal(attempt.key, attempt.address)
            if self._callers_without_check >= MAX_CALLERS_WITHOUT_CHECK:
                raise
        self._callers_without_check += 1
        pause = asyncio.ensure_future(self._sleep(RETRY_DELAY * (1 + max(self._rank(attempt)))))
        self._pauses.add(pause)
        try:
            await asyncio.wait([pause])  # does not raise if `close` cancels the pause
        finally:
            self._pauses.discard(pause)
            pause.cancel()
            self._callers_without_check -= 1
        return await self._run(attempt, work, units)

    def close(self) -> None:
        """Start no further checks; let those that run finish.

        Callers whose check has not started, and later callers, raise IdentityUnavailable.
        """
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)
        for check in self._waiting:
            check.fail(_closed)
        self._waiting.clear()
        for pause in self._pauses:
            pause.cancel()

    async def _run(self, attempt: Attempt, work: Callable[[], bool], units: int) -> bool:
        """Add a check, or join the one of an equal attempt; return its result or raise its error.

        Raises TooManyLogins if the check is refused, now or while it waits, or if it would join one
        while MAX_CALLERS_WITHOUT_CHECK callers have no check of their own. Raises
        IdentityUnavailable if the queue is closed before the check starts.
        """
        if self._is_closed:
            raise _closed()
        checks = (*self._running, *self._waiting)
        check = next((each for each in checks if each.attempt == attempt), None)
        if check is None:
            check = self._enqueue(_PasswordCheck(attempt, work, units, next(self._sequence)))
        elif self._callers_without_check >= MAX_CALLERS_WITHOUT_CHECK:
            raise TooManyLogins
        is_joining = bool(check.waiters)
        self._callers_without_check += is_joining
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        check.waiters.add(future)
        self._dispatch()
        try:
            return await future
        finally:
            self._callers_without_check -= is_joining
            check.waiters.discard(future)
            if not check.waiters and check in self._waiting:
                self._waiting.remove(check)

    def _enqueue(self, new: _PasswordCheck) -> _PasswordCheck:
        """Add `new` to the waiting checks and return it. Refuse other checks if there is no room.

        Of one key, MAX_WAITING_OF_KEY checks may wait; of one more, a random one is refused. Raises
        TooManyLogins if the check to refuse is `new`.
        """
        of_key = [each for each in self._waiting if each.attempt.key == new.attempt.key]
        if len(of_key) >= MAX_WAITING_OF_KEY:
            self._refuse(random.choice([*of_key, new]), new)  # noqa: S311  fairness needs no secret
        while len(self._waiting) >= MIN_WAITING and self._units() + new.units > MAX_UNITS:
            self._refuse(self._choose_check_to_refuse([*self._waiting, new]), new)
        self._waiting.append(new)
        return new

    def _units(self) -> int:
        """Return the CPU time of all checks that run or wait, in units of 0.05 s."""
        return sum(each.units for each in (*self._running, *self._waiting))

    def _refuse(self, refused: _PasswordCheck, new: _PasswordCheck) -> None:
        """Remove `refused` from the queue. All callers that wait for it raise TooManyLogins.

        If `refused` is `new`, which is not in the queue yet, raise TooManyLogins here.
        """
        if refused is new:
            raise TooManyLogins
        self._waiting.remove(refused)
        refused.fail(TooManyLogins)

    def _choose_check_to_refuse(self, checks: list[_PasswordCheck]) -> _PasswordCheck:
        """Return the check to refuse: of the highest `_rank`, then by the rule of the class."""
        keys = Counter(check.attempt.key for check in checks)
        addresses = Counter(check.attempt.address for check in checks)

        def order_of_refusal(check: _PasswordCheck) -> tuple[object, ...]:
            key, address, _ = check.attempt
            tie = random.random()  # noqa: S311  fairness needs no secret
            return (self._rank(check.attempt), addresses[address], keys[key], tie)

        return max(checks, key=order_of_refusal)

    def _rank(self, attempt: Attempt) -> tuple[int, int]:
        """Return the rank of `attempt` (see LoginHistory). Lower ranks are served first."""
        return self._history.rank(attempt.key, attempt.address)

    def _has_many_failures(self, check: _PasswordCheck) -> bool:
        """Return True if the key or the address has more than FREE_FAILURES failures."""
        return self._history.has_many_failures(check.attempt.key, check.attempt.address)

    def _dispatch(self) -> None:
        """Start checks while threads are free; if all are delayed, set a timer for the first."""
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
        """Return the waiting checks that may start now, and the seconds until a delay ends.

        None without a delay. Checks that wait until a running one ends are in neither result.
        """
        keys = {check.attempt.key for check in self._running}
        failing = sum(map(self._has_many_failures, self._running))
        is_limit_reached = failing >= max(1, self._threads - 1)
        ready: list[_PasswordCheck] = []
        delays: list[float] = []
        for check in self._waiting:
            if check.attempt.key in keys or (is_limit_reached and self._has_many_failures(check)):
                continue
            delay = self._history.delay(check.attempt.key)
            if delay <= 0:
                ready.append(check)
            else:
                delays.append(delay)
        return ready, min(delays, default=None)

    def _next_check(self, ready: list[_PasswordCheck]) -> _PasswordCheck:
        """Return the check of the lowest rank, every third time the oldest one (see the class)."""
        if next(self._started_checks) % _OLDEST_EVERY == 0:
            return min(ready, key=lambda check: check.arrival)

        def order(check: _PasswordCheck) -> tuple[object, ...]:
            key, address, _ = check.attempt
            last_start = self._last_start.peek(address) or 0, self._last_start.peek(key) or 0
            return (self._rank(check.attempt), last_start, check.arrival)

        return min(ready, key=order)

    def _start(self, check: _PasswordCheck) -> None:
        """Run a waiting check in a thread; `_finish` is called when it has ended."""
        self._waiting.remove(check)
        self._running.append(check)
        for each in (check.attempt.address, check.attempt.key):
            self._last_start.put(each, next(self._sequence))
        running = asyncio.get_running_loop().run_in_executor(self._executor, check.work)
        running.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: _PasswordCheck, done: asyncio.Future[bool]) -> None:
        """Record how a check ended, unless cancelled; resume its callers, start the next checks."""
        self._running.remove(check)
        if done.cancelled():  # `close` came before a thread had begun the check
            check.fail(_closed)
            return
        error = done.exception()
        if error is None and done.result():
            self._history.record_success(check.attempt.key)
        else:
            self._history.record_failure(check.attempt.key, check.attempt.address)
        if error is not None:
            check.fail(lambda: error)
        for future in check.waiters:
            if not future.done():
                future.set_result(done.result())
        self._dispatch()
