"""ActiveFaults: the rules in effect, with their counts and other state between requests."""

import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from starlette.types import Message

from glimpse.faults.delays import Delays
from glimpse.faults.rules import FaultRule, RequestFacts


@dataclass(slots=True)
class ActiveFault:
    """A rule in effect, with its counts.

    ``matched`` is the number of requests that matched the rule. ``applied`` is the number of
    requests that the fault changed: the request was delayed, or the response or the job of the
    request was another one than without the fault.
    """

    id: str
    rule: FaultRule
    matched: int = 0
    applied: int = 0
    _passed: deque[float] = field(default_factory=deque)  # times of requests within the rate limit
    _responses: dict[object, tuple[float, list[Message]]] = field(default_factory=dict)

    def count_match(self) -> bool:
        """Count a request that matches the rule in ``matched``; return True if it has the fault.

        The request has no fault if ``skip``, ``first`` or ``every`` leave the request out.
        """
        self.matched += 1
        return self.rule.applies_to(self.matched)

    def count_against_rate_limit(self, now: float) -> int:
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


class RequestFault:
    """A fault that one request has."""

    __slots__ = ("_is_counted", "fault")

    def __init__(self, fault: ActiveFault) -> None:
        self.fault = fault
        self._is_counted = False

    @property
    def rule(self) -> FaultRule:
        """The rule of the fault."""
        return self.fault.rule

    def count_applied(self) -> None:
        """Count the request in ``applied`` of the fault; do nothing if it was counted before.

        Call this method before the client can see the change. Then a test that sees the change also
        sees the new number.
        """
        if not self._is_counted:
            self._is_counted = True
            self.fault.applied += 1


class ActiveFaults:
    """The rules in effect, in the order in which they were added.

    ``delays`` has the delays of ``saving_for`` of the requests since the last `reset`.
    """

    def __init__(self, seeded: Iterable[FaultRule] = ()) -> None:
        """`seeded` has the rules that are in effect at the start, and after each `reset`."""
        self._seeded = tuple(seeded)
        self._ids = itertools.count(1)
        self._faults: dict[str, ActiveFault] = {}
        self.delays = Delays()
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
        """Remove all faults; add the faults of the seed again, with new ids and counts of 0.

        Also replace ``delays``, for later requests. The caller ends the old ``delays``.
        """
        self.delays = Delays()
        self._faults.clear()
        for rule in self._seeded:
            self.add(rule)

    def count_and_select(self, request: RequestFacts) -> list[RequestFault]:
        """Count a request in ``matched`` of each rule that matches; return the request's faults."""
        matching = [fault for fault in self if fault.rule.matches(request)]
        return [RequestFault(fault) for fault in matching if fault.count_match()]
