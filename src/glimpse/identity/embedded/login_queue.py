"""LoginQueue: checks passwords in a few threads, in a fair order, with a maximum load."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_history import Attempt, LoginHistory
from glimpse.identity.embedded.login_throttle import LoginThrottle
from glimpse.identity.embedded.password_check import PasswordCheck
from glimpse.identity.service import IdentityUnavailable

THREADS = 2  # each check takes 16 MiB and a core: 0.05 s, or 0.23 s of a password kept as a hash
# The most CPU time of all checks that run or wait, in units of 0.05 s: one second. The check of a
# readable password takes one unit, the check of a password kept as a hash five.
MAX_UNITS = 20
MIN_WAITING = 2  # checks may wait even beyond MAX_UNITS, so that a correct one can displace another
MAX_WAITING_OF_NAME = 4
MAX_CALLERS_WITHOUT_CHECK = 500  # each takes at most 20 kB
RETRY_DELAY = 1.0  # seconds until a refused check is tried again; three times this at most
RETRY_AFTER = 1  # seconds that a client should wait after TooManyLogins
_OLDEST_EVERY = 3  # every third check is the oldest one, regardless of its rank
_MAX_RECORDED = 5000  # names and networks of recent checks: 0.5 MB


class TooManyLogins(Exception):
    """LoginQueue has no room to check or hash a password: 429.

    ``Retry-After`` is RETRY_AFTER. Also raised if too many callers wait for equal checks.
    """


def _closed() -> IdentityUnavailable:
    return IdentityUnavailable("Glimpse is shutting down. Send the login again.")


class LoginQueue:
    """Runs checks of passwords in threads. Clients that guess passwords delay others little.

    A name stands for the user's name together with the client's network (see Attempt).

    - Checks of one name run one at a time, each after the delay of LoginThrottle.
    - If there are several threads, checks of names or networks with more than FREE_FAILURES
      failures leave one thread free for other checks.
    - The check with the lowest LoginRank starts first. If ranks are equal, the network that was
      checked longest ago comes first, and in one network the name that was checked longest ago.
      But every third check to start is the oldest one.
    - At most MAX_WAITING_OF_NAME checks of a name wait. If there is one more, a random one of them
      is refused.
    - The checks that run or wait need at most MAX_UNITS of CPU time together. If a new check would
      need more, the waiting or new checks with the highest LoginRank are refused. MIN_WAITING
      checks may wait in any case.

    So a correct login succeeds after some attempts, however many wrong passwords are sent. Call all
    methods in the thread of the event loop.
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
        self._waiting: list[PasswordCheck] = []
        self._running: list[PasswordCheck] = []
        self._last_start: LruCache[bytes, int] = LruCache(_MAX_RECORDED)
        self._sequence = itertools.count(1)
        self._started_checks = itertools.count(1)
        self._callers_without_check = 0
        self._pauses: set[asyncio.Future[None]] = set()
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, attempt: Attempt, work: Callable[[], bool], units: int = 1) -> bool:
        """Run `work` in a thread when its turn comes, and return its result.

        If a check of an equal `attempt` is waiting or running, `work` is not run: the result of
        that check is returned. `units` is the CPU time of `work`, in units of 0.05 s. A result of
        False counts as a failed login. An error of `work` is raised here, and counts as a failed
        login, too.

        If the calling task is cancelled, and no other caller waits for `work`, `work` is not
        started. If `work` has started, it runs to its end.

        If the queue has no room, it refuses a check (see LoginQueue). A refused check is added once
        more, after a pause of one to three times RETRY_DELAY. Raises TooManyLogins if it is refused
        again. At most MAX_CALLERS_WITHOUT_CHECK callers may pause or wait for an equal check; a
        further caller that would have to do so gets TooManyLogins at once. Raises
        IdentityUnavailable if the queue is closed before `work` starts.
        """
        try:
            return await self._run(attempt, work, units)
        except TooManyLogins:
            self._history.record_refusal(attempt)
            if self._callers_without_check >= MAX_CALLERS_WITHOUT_CHECK:
                raise
        self._callers_without_check += 1
        delay = RETRY_DELAY * (1 + self._history.rank(attempt).level)
        pause = asyncio.ensure_future(self._sleep(delay))
        self._pauses.add(pause)
        try:
            await asyncio.wait([pause])  # does not raise if `close` cancels the pause
        finally:
            self._pauses.discard(pause)
            pause.cancel()
            self._callers_without_check -= 1
        return await self._run(attempt, work, units)

    def close(self) -> None:
        """Start no further checks; let running checks finish. Does not wait for running checks.

        Calls of `check` whose check has not started raise IdentityUnavailable, and so do later
        calls.
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
        """Add a check, or wait for the check of an equal attempt; return the result of the check.

        `check` explains the arguments. If the calling task is cancelled, removes a waiting check
        that has no other caller. Raises the error of `work`. Raises TooManyLogins if the check is
        refused. Raises TooManyLogins, too, if there is an equal check, but
        MAX_CALLERS_WITHOUT_CHECK callers pause or wait for such checks already. Raises
        IdentityUnavailable if the queue is closed before the check starts.
        """
        if self._is_closed:
            raise _closed()
        checks = (*self._running, *self._waiting)
        check = next((each for each in checks if each.attempt == attempt), None)
        if check is None:
            check = self._enqueue(PasswordCheck(attempt, work, units, next(self._sequence)))
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

    def _enqueue(self, new: PasswordCheck) -> PasswordCheck:
        """Add `new` to the waiting checks and return `new`; refuse checks if there is no room.

        If MAX_WAITING_OF_NAME checks of the name wait already, refuses one of them or `new`, at
        random. Then, as long as all checks need more than MAX_UNITS and at least MIN_WAITING checks
        wait, refuses the check that `_choose_check_to_refuse` returns. Raises TooManyLogins if
        `new` is refused.
        """
        name = new.attempt.name_digest
        of_name = [each for each in self._waiting if each.attempt.name_digest == name]
        if len(of_name) >= MAX_WAITING_OF_NAME:
            self._refuse(random.choice([*of_name, new]), new)  # noqa: S311  fairness needs no secret
        while len(self._waiting) >= MIN_WAITING and self._units() + new.units > MAX_UNITS:
            self._refuse(self._choose_check_to_refuse([*self._waiting, new]), new)
        self._waiting.append(new)
        return new

    def _units(self) -> int:
        """Return the CPU time of all checks that run or wait, in units of 0.05 s."""
        return sum(each.units for each in (*self._running, *self._waiting))

    def _refuse(self, refused: PasswordCheck, new: PasswordCheck) -> None:
        """Remove `refused` from the waiting checks, and make its callers raise TooManyLogins.

        If `refused` is `new`, which does not wait yet, raises TooManyLogins here.
        """
        if refused is new:
            raise TooManyLogins
        self._waiting.remove(refused)
        refused.fail(TooManyLogins)

    def _choose_check_to_refuse(self, checks: list[PasswordCheck]) -> PasswordCheck:
        """Return the check in `checks` with the highest rank (see LoginRank).

        Among checks of equal rank, returns a check whose network has the most `checks`. Among
        these, returns a check whose name has the most `checks`. A further tie is decided at random.
        """
        names = Counter(check.attempt.name_digest for check in checks)
        networks = Counter(check.attempt.network_digest for check in checks)

        def order_of_refusal(check: PasswordCheck) -> tuple[object, ...]:
            name, network, _ = check.attempt
            tie = random.random()  # noqa: S311  fairness needs no secret
            return (self._history.rank(check.attempt), networks[network], names[name], tie)

        return max(checks, key=order_of_refusal)

    def _dispatch(self) -> None:
        """Start waiting checks while threads are free, and checks may start (see `_ready_checks`).

        If a thread is free, but all checks that could start are delayed, sets a timer that calls
        `_dispatch` when the first delay ends. After `close`, does nothing.
        """
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

    def _ready_checks(self) -> tuple[list[PasswordCheck], float | None]:
        """Return the waiting checks that may start now, and the seconds until the next delay ends.

        The seconds are None if LoginThrottle delays none of the other checks. A check that has to
        wait until a running check ends is in neither result.
        """
        names = {check.attempt.name_digest for check in self._running}
        failing = sum(self._history.has_many_failures(each.attempt) for each in self._running)
        is_limit_reached = failing >= max(1, self._threads - 1)
        ready: list[PasswordCheck] = []
        delays: list[float] = []
        for check in self._waiting:
            has_to_wait = is_limit_reached and self._history.has_many_failures(check.attempt)
            if has_to_wait or check.attempt.name_digest in names:
                continue
            delay = self._history.delay(check.attempt)
            if delay <= 0:
                ready.append(check)
            else:
                delays.append(delay)
        return ready, min(delays, default=None)

    def _next_check(self, ready: list[PasswordCheck]) -> PasswordCheck:
        """Return the check in `ready` with the lowest rank; in every third call, the oldest check.

        Among checks of equal rank, the network that was checked longest ago comes first. In one
        network, the name that was checked longest ago comes first. In a further tie, the oldest
        check comes first. `ready` must not be empty.
        """
        if next(self._started_checks) % _OLDEST_EVERY == 0:
            return min(ready, key=lambda check: check.arrival)

        def order(check: PasswordCheck) -> tuple[object, ...]:
            name, network, _ = check.attempt
            last_start = self._last_start.peek(network) or 0, self._last_start.peek(name) or 0
            return (self._history.rank(check.attempt), last_start, check.arrival)

        return min(ready, key=order)

    def _start(self, check: PasswordCheck) -> None:
        """Start a waiting check in a thread; `_finish` is called when the check has ended."""
        self._waiting.remove(check)
        self._running.append(check)
        for each in (check.attempt.network_digest, check.attempt.name_digest):
            self._last_start.put(each, next(self._sequence))
        running = asyncio.get_running_loop().run_in_executor(self._executor, check.work)
        running.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: PasswordCheck, done: asyncio.Future[bool]) -> None:
        """Record how `check` ended, resume the callers of `check`, and start the next checks.

        An error of the check counts as a failed login, and is raised in the callers. If `close`
        cancelled the check, records nothing; the callers raise IdentityUnavailable.
        """
        self._running.remove(check)
        if done.cancelled():  # `close` came before a thread had begun the check
            check.fail(_closed)
            return
        error = done.exception()
        if error is None and done.result():
            self._history.record_success(check.attempt)
        else:
            self._history.record_failure(check.attempt)
        if error is not None:
            check.fail(lambda: error)
        for future in check.waiters:
            if not future.done():
                future.set_result(done.result())
        self._dispatch()
