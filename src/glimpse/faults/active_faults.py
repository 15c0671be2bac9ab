"""ActiveFaults: the rules in effect, with their counts and other state between requests."""

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
    """A rule in effect, with its counts.

    ``matched`` is the number of requests that matched the rule. ``applied`` counts only the
    requests that ``skip``, ``first`` and ``every`` of the rule did not leave out.
    """

    id: str
    rule: FaultRule
    matched: int = 0
    applied: int = 0
    _passed: deque[float] = field(default_factory=deque)  # times of requests within the rate limit
    _responses: dict[object, tuple[float, list[Message]]] = field(default_factory=dict)

    def count(self) -> bool:
        """Count a request that matches the rule; return True if the rule applies to the request.

        The rule does not apply if ``skip``, ``first`` or ``every`` leave out the request.
        """
        self.matched += 1
        has_fault = self.rule.applies_to(self.matched)
        self.applied += has_fault
        return has_fault

    def seconds_until_allowed(self, now: float) -> int:
        """Count a request against the rate limit, and return 0 if the request is allowed.

        If the request is not allowed at the time `now`, do not count it, and return the seconds
        until the next request is allowed, rounded up.
        """
        limit = self.rule.rate_limit or 1
        while self._passed and self._passed[0] <= now - self.rule.rate_seconds:
            self._passed.popleft()
        if len(self._passed) < limit:
            self._passed.append(now)
            return 0
        return max(1, math.ceil(self._passed[0] + self.rule.rate_seconds - now))

    def stale_response(self, key: object, now: float) -> list[Message] | None:
        """Return the response that `remember` stored for `key`; None if missing or too old."""
        at, messages = self._responses.get(key, (-math.inf, None))
        return messages if now - at <= (self.rule.stale_for or 0) else None

    def remember(self, key: object, messages: list[Message], now: float) -> None:
        """Store a response for `stale_response`; replace an earlier response for `key`."""
        self._responses[key] = now, messages


class ActiveFaults:
    """The rules in effect, in the order in which they were added.

    ``held_uploads`` has the uploads that a rule with ``saving_for`` delays after their responses.
    `hold` delays the jobs of other requests. `release` ends both delays.
    """

    def __init__(self, seeded: Iterable[FaultRule] = ()) -> None:
        """`seeded` has the rules that are in effect at the start, and after each `reset`."""
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
        """Put a rule into effect, after all other rules; return it with a new id."""
        added = ActiveFault(str(next(self._ids)), rule)
        self._faults[added.id] = added
        return added

    def get(self, fault_id: str) -> ActiveFault | None:
        """Return the fault with this id; None if there is no such fault."""
        return self._faults.get(fault_id)

    def remove(self, fault_id: str) -> bool:
        """Remove the fault with this id; return False if there is no such fault."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove all faults, also the faults of the seed."""
        self._faults.clear()

    def reset(self) -> None:
        """Remove all faults; add the faults of the seed again, with new ids and counts of 0."""
        self._faults.clear()
        for rule in self._seeded:
            self.add(rule)

    async def hold(self, seconds: float) -> None:
        """Wait for `seconds`, or until `release` is called."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), seconds)

    async def release(self) -> None:
        """Make all calls of `hold` return; cancel the held uploads, and wait until they end."""
        self._released.set()
        self._released = asyncio.Event()
        uploads = list(self.held_uploads)
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)

    def count_request(self, request: RequestFacts) -> list[ActiveFault]:
        """Count a request for each rule that it matches; return the faults that apply to it."""
        matching = [fault for fault in self if fault.rule.matches(request)]
        return [fault for fault in matching if fault.count()]
