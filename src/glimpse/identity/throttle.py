"""Throttle: who keeps failing to log in waits longer, alone, and never for long."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

FREE_FAILURES = 3
FIRST_DELAY = 0.1  # seconds, doubled with every further failure
LONGEST_DELAY = 2.0
FORGOTTEN_AFTER = 300.0  # seconds without an attempt
MOST_NAMES = 10_000


class Throttle:
    """Delays attempts by name (a user's, existing or not), so that guessing is slow.

    An attempt counts as failed from its start until it succeeds, so that a hundred guesses sent at
    once are delayed, too; and those of one name are checked one after the other, so that they leave
    room for others. Nobody is ever locked out.
    """

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep, self._clock = sleep, clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, name: str) -> asyncio.Lock:
        """What to hold while an attempt of `name` is checked."""
        return self._turns.setdefault(name, asyncio.Lock())

    async def attempt(self, name: str) -> None:
        """Wait as long as the earlier failures of `name` ask for; call before the check."""
        failures, last = self._failures.pop(name, (0, 0.0))
        now = self._clock()
        if now - last > FORGOTTEN_AFTER:
            failures = 0
        self._failures[name] = (failures + 1, now)
        while len(self._failures) > MOST_NAMES:
            self._failures.popitem(last=False)
        if failures >= FREE_FAILURES:
            await self._sleep(delay_after(failures))

    def succeeded(self, name: str) -> None:
        """Forget the failures of `name`."""
        self._failures.pop(name, None)


def delay_after(failures: int) -> float:
    """Seconds to wait before the next attempt, after so many failed ones."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 16)))
