"""LoginQueue: hashes passwords in a few threads, a bounded number of them, in a fair order."""

import asyncio
import itertools
import random
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from glimpse.identity.embedded.login_throttle import FREE_FAILURES, Throttle

THREADS = 2  # each hash takes 16 MiB and a core for 50 ms
MOST_WAITING = 18  # with those being hashed: one second of CPU time
MOST_OF_A_KEY = 4
MOST_HELD = 500  # requests that wait without a hash of their own: 20 kB each at most
HELD_SECONDS = 1.0
RETRY_AFTER = 1  # seconds
_OLDEST_FIRST = 3  # of so many checks, one is the oldest whatever its rank
_MOST_REMEMBERED = 5000  # keys that were served lately, or that logged in: 1 MB in all
_MANY = 2
Value = TypeVar("Value")


class TooManyLogins(Exception):
    """Too many passwords wait to be checked; try again after RETRY_AFTER seconds."""


class Attempt(NamedTuple):
    """What a check is for, as digests; equal attempts are checked once.

    ``key``: the name and the client's address. ``compared``: the secret sent and the one known.
    """

    key: bytes
    address: bytes
    compared: bytes


@dataclass(eq=False, slots=True)
class _Check:
    attempt: Attempt
    work: Callable[[], bool]
    arrival: int
    waiters: set[asyncio.Future[bool]] = field(default_factory=set)


class LoginQueue:
    """Runs checks, of one key one at a time, spaced out by the throttle.

    Order: keys that logged in before first, then keys and addresses with fewer failures and
    refusals, among equals the address and then the key that was served longest ago; every third
    check is the oldest, so that none waits for ever. Keys and addresses that keep failing share
    one thread. When there is no room, a waiting check of the worst rank, of the address and the key
    that have the most waiting, gives way: chosen at random, so that a right login comes through
    sometime whatever else is sent.
    """

    def __init__(self, throttle: Throttle | None = None, threads: int = THREADS) -> None:
        self._throttle = throttle or Throttle()
        self._refusals = Throttle()
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, "glimpse-password")
        self._waiting: list[_Check] = []
        self._running: list[_Check] = []
        self._served: OrderedDict[bytes, int] = OrderedDict()
        self._successes: OrderedDict[bytes, None] = OrderedDict()
        self._numbers = itertools.count(1)
        self._picks = itertools.count(1)
        self._held = 0
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, attempt: Attempt, work: Callable[[], bool]) -> bool:
        """Run `work` in a thread and return what it returns; False counts as a failed login.

        Work of a caller that is cancelled before is not run. Raises TooManyLogins if there is no
        room now, nor HELD_SECONDS later: a client that is refused at once would be back at once.
        Keys and addresses that fail, or are refused, often wait up to three times as long.
        """
        try:
            return await self._result(attempt, work)
        except TooManyLogins:
            self._refusals.failed(attempt.key)
            self._refusals.failed(attempt.address)
            if self._held >= MOST_HELD:
                raise
        self._held += 1
        try:
            await asyncio.sleep(HELD_SECONDS * (1 + max(self._rank(attempt))))
        finally:
            self._held -= 1
        return await self._result(attempt, work)

    def close(self) -> None:
        """Stop the threads; what waits is cancelled."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _result(self, attempt: Attempt, work: Callable[[], bool]) -> bool:
        same = (c for c in (*self._running, *self._waiting) if c.attempt == attempt)
        check = next(same, None)
        if check is None:
            check = self._admit(_Check(attempt, work, next(self._numbers)))
        elif self._held >= MOST_HELD:
            raise TooManyLogins
        joined = bool(check.waiters)
        self._held += joined
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        check.waiters.add(future)
        self._dispatch()
        try:
            return await future
        finally:
            self._held -= joined
            check.waiters.discard(future)
            if not check.waiters and check in self._waiting:
                self._waiting.remove(check)

    def _admit(self, new: _Check) -> _Check:
        """Let a check wait, in place of another if there is no room. Raises TooManyLogins."""
        of_key = [each for each in self._waiting if each.attempt.key == new.attempt.key]
        if len(of_key) >= MOST_OF_A_KEY:
            self._refuse(random.choice([*of_key, new]), new)  # noqa: S311  no secret
        elif len(self._waiting) >= MOST_WAITING:
            self._refuse(self._worst([*self._waiting, new]), new)
        self._waiting.append(new)
        return new

    def _refuse(self, refused: _Check, new: _Check) -> None:
        if refused is new:
            raise TooManyLogins
        self._waiting.remove(refused)
        for future in refused.waiters:
            if not future.done():
                future.set_exception(TooManyLogins())

    def _worst(self, checks: list[_Check]) -> _Check:
        keys = Counter(check.attempt.key for check in checks)
        addresses = Counter(check.attempt.address for check in checks)

        def badness(check: _Check) -> tuple[object, ...]:
            key, address, _ = check.attempt
            tie = random.random()  # noqa: S311  no secret
            return (self._rank(check.attempt), addresses[address], keys[key], tie)

        return max(checks, key=badness)

    def _rank(self, attempt: Attempt) -> tuple[int, int]:
        """Return 0 to 2 for the key and for the address: no, few, or many failures or refusals.

        A key that logged in before, and does not keep failing, comes before all others.
        """
        key, address, _ = attempt
        if key in self._successes and self._throttle.failures(key) <= FREE_FAILURES:
            return -1, 0
        return self._level(key), self._level(address)

    def _level(self, key: bytes) -> int:
        count = self._throttle.failures(key) + self._refusals.failures(key)
        return _MANY if count > FREE_FAILURES else min(count, 1)

    def _is_suspect(self, check: _Check) -> bool:
        key, address, _ = check.attempt
        return max(map(self._throttle.failures, (key, address))) > FREE_FAILURES

    def _dispatch(self) -> None:
        """Start what may be checked now; look again when something else may be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while len(self._running) < self._threads and not self._closed:
            ready, soonest = self._ready()
            if not ready:
                if soonest is not None:
                    loop = asyncio.get_running_loop()
                    self._timer = loop.call_later(soonest, self._dispatch)
                return
            self._start(self._first(ready))

    def _ready(self) -> tuple[list[_Check], float | None]:
        """Return the checks that may run now, and the seconds until another one may."""
        keys = {check.attempt.key for check in self._running}
        full = sum(map(self._is_suspect, self._running)) >= max(1, self._threads - 1)
        ready, soonest = [], None
        for check in self._waiting:
            if check.attempt.key in keys or (full and self._is_suspect(check)):
                continue
            delay = self._throttle.delay(check.attempt.key)
            if delay <= 0:
                ready.append(check)
            elif soonest is None or delay < soonest:
                soonest = delay
        return ready, soonest

    def _first(self, ready: list[_Check]) -> _Check:
        if next(self._picks) % _OLDEST_FIRST == 0:
            return min(ready, key=lambda check: check.arrival)

        def order(check: _Check) -> tuple[object, ...]:
            key, address, _ = check.attempt
            served = self._served.get(address, 0), self._served.get(key, 0)
            return (self._rank(check.attempt), served, check.arrival)

        return min(ready, key=order)

    def _start(self, check: _Check) -> None:
        self._waiting.remove(check)
        self._running.append(check)
        for each in (check.attempt.address, check.attempt.key):
            _put_last(self._served, each, next(self._numbers))
        running = asyncio.get_running_loop().run_in_executor(self._executor, check.work)
        running.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: _Check, done: asyncio.Future[bool]) -> None:
        self._running.remove(check)
        if done.cancelled():
            for future in check.waiters:
                future.cancel()
            return
        error = done.exception()
        if error is None and done.result():
            self._throttle.succeeded(check.attempt.key)
            self._refusals.succeeded(check.attempt.key)
            _put_last(self._successes, check.attempt.key, None)
        else:
            self._throttle.failed(check.attempt.key)
            self._throttle.failed(check.attempt.address)
        for future in check.waiters:
            if future.done():
                continue
            if error is None:
                future.set_result(done.result())
            else:
                future.set_exception(error)
        self._dispatch()


def _put_last(table: "OrderedDict[bytes, Value]", key: bytes, value: Value) -> None:
    """Put a key at the end of a table, of which the first are forgotten."""
    table[key] = value
    table.move_to_end(key)
    while len(table) > _MOST_REMEMBERED:
        table.popitem(last=False)
