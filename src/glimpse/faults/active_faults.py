"""ActiveFaults: the rules in effect, and what each of them remembers between requests."""

import asyncio
import contextlib
import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from starlette.types import Message

from glimpse.faults.rules import FaultRule, RequestFacts


@dataclass(slots=True)
class ActiveFault:
    """A rule in effect. ``matched`` requests matched it, ``applied`` of them had the fault."""

    id: str
    rule: FaultRule
    matched: int = 0
    applied: int = 0
    _passed: deque[float] = field(default_factory=deque)  # times of requests within the rate limit
    _responses: dict[object, tuple[float, list[Message]]] = field(default_factory=dict)

    def count(self) -> bool:
        """Count a request that matches the rule; return True if it has the fault."""
        self.matched += 1
        has_fault = self.rule.applies_to(self.matched)
        self.applied += has_fault
        return has_fault

    def seconds_until_allowed(self, now: float) -> int:
        """Return 0, and count the request, if the rate limit allows one at the time `now`.

        Otherwise return the seconds until it allows the next one, rounded up.
        """
        limit = self.rule.rate_limit or 1
        while self._passed and self._passed[0] <= now - self.rule.rate_seconds:
            self._passed.popleft()
        if len(self._passed) < limit:
            self._passed.append(now)
            return 0
        return max(1, math.ceil(self._passed[0] + self.rule.rate_seconds - now))

    def stale_response(self, key: object, now: float) -> list[Message] | None:
        """Return the response remembered for `key`; None if there is none, or it is too old."""
        at, messages = self._responses.get(key, (-math.inf, None))
        return messages if now - at <= (self.rule.stale_for or 0) else None

    def remember(self, key: object, messages: list[Message], now: float) -> None:
        """Remember a response for `stale_response`, in place of an earlier one for `key`."""
        self._responses[key] = now, messages


class ActiveFaults:
    """The rules in effect, in the order in which they were added.

    ``held_uploads`` are those that rules with ``saving_for`` let go on after their responses;
    `hold` lets the jobs of other requests wait.
    """

    def __init__(self, seeded: Iterable[FaultRule] = ()) -> None:
        """`seeded` are the rules at the start, and after each `reset`."""
        self._seeded = tuple(seeded)
        self._ids = itertools.count(1)
        self._faults: dict[str, ActiveFault] = {}
        self.held_uploads: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()
        self.reset()

    def __iter__(self) -> Iterator[ActiveFault]:
        return iter(tuple(self._faults.values()))

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, rule: FaultRule) -> ActiveFault:
        """Add a rule after the others, and return it in effect, with a new id."""
        added = ActiveFault(str(next(self._ids)), rule)
        self._faults[added.id] = added
        return added

    def get(self, fault_id: str) -> ActiveFault | None:
        """Return the fault with this id; None if there is none."""
        return self._faults.get(fault_id)

    def remove(self, fault_id: str) -> bool:
        """Remove the fault with this id; return False if there is none."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def reset(self) -> None:
        """Remove all faults; add those of the seed again, with new ids and counts of 0."""
        self._faults.clear()
        for rule in self._seeded:
            self.add(rule)

    async def hold(self, seconds: float) -> None:
        """Return after `seconds`, or when `release` is called."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), seconds)

    async def release(self) -> None:
        """Cancel the held uploads, and wait until they have ended; end the calls of `hold`."""
        self._released.set()
        self._released = asyncio.Event()
        uploads = list(self.held_uploads)
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)

    def count_request(self, request: RequestFacts) -> list[ActiveFault]:
        """Count a request for each rule that it matches; return the faults that it has."""
        matching = [fault for fault in self if fault.rule.matches(request)]
        return [fault for fault in matching if fault.count()]
