"""ActiveFaults: the rules in effect, with their counts and other state between requests."""

import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from starlette.types import Message

from glimpse.faults.delays import Delays
from glimpse.faults.rules import FaultRule, RequestFacts

_MAX_RESPONSES = (
    1000  # of one fault with ``stale_for``, so that a long test run takes bounded memory
)


@dataclass(slots=True)
class ActiveFault:
    """A rule in effect, with its counts.

    ``matched`` is the number of requests that matched the rule. ``applied`` is the number of
    requests on which the fault had an effect: a delay, another response, or delayed image data.
    """

    id: str
    rule: FaultRule
    matched: int = 0
    applied: int = 0
    _passed: deque[float] = field(default_factory=deque)  # times of requests within the rate limit
    _responses: dict[object, tuple[float, list[Message]]] = field(default_factory=dict)

    def count_match(self) -> bool:
        """Count a request that matches, in ``matched``; return True if the request has the fault.

        Returns False if ``skip``, ``first`` or ``every`` of the rule leaves the request out.
        """
        self.matched += 1
        return self.rule.applies_to(self.matched)

    def count_against_rate_limit(self, now: float) -> int:
        """Return 0 and count the request if ``rate_limit`` allows a request at `now`.

        `now` is the time of a monotonic clock, in seconds. If ``rate_limit`` requests were allowed
        in the ``rate_seconds`` before `now`, the request is not counted. In that case, returns the
        seconds until the next request is allowed, rounded up; at least 1.
        """
        limit = self.rule.rate_limit or 1
        while self._passed and self._passed[0] <= now - self.rule.rate_seconds:
            self._passed.popleft()
        if len(self._passed) < limit:
            self._passed.append(now)
            return 0
        return max(1, math.ceil(self._passed[0] + self.rule.rate_seconds - now))

    def stale_response(self, key: object, now: float) -> list[Message] | None:
        """Return the response that `remember` stored for `key`, if it is recent enough.

        Returns None if there is no response, or if it is more than ``stale_for`` seconds old.
        """
        at, messages = self._responses.get(key, (-math.inf, None))
        return messages if now - at <= (self.rule.stale_for or 0) else None

    def remember(self, key: object, messages: list[Message], now: float) -> None:
        """Store a response that `stale_response` can return; replace an earlier one for `key`.

        `messages` are the ASGI messages of the response. `now` is the time of the request, of a
        monotonic clock in seconds. Responses that `stale_response` can no longer return are
        dropped. If more than 1,000 responses are left, only the latest 1,000 are kept.
        """
        self._responses.pop(key, None)
        self._responses[key] = now, messages
        while True:
            oldest = next(iter(self._responses))
            is_outdated = now - self._responses[oldest][0] > (self.rule.stale_for or 0)
            if not is_outdated and len(self._responses) <= _MAX_RESPONSES:
                return
            del self._responses[oldest]


class RequestFault:
    """A fault that one request has. Counts the request in ``applied`` at most once."""

    __slots__ = ("_is_counted", "fault")

    def __init__(self, fault: ActiveFault) -> None:
        self.fault = fault
        self._is_counted = False

    @property
    def rule(self) -> FaultRule:
        """The rule of the fault."""
        return self.fault.rule

    def count_applied(self) -> None:
        """Add 1 to ``applied`` of the fault; do nothing if this method was called before.

        Call this method before the client can see an effect of the fault, so that a test that sees
        the effect also sees the new number.
        """
        if not self._is_counted:
            self._is_counted = True
            self.fault.applied += 1


class ActiveFaults:
    """The faults in effect, one for each rule, in the order in which they were added.

    ``delays`` are the delays of image data, for requests that begin before the next `reset`.
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
        """Put a rule into effect, after all other rules; return the fault, which has a new id."""
        added = ActiveFault(str(next(self._ids)), rule)
        self._faults[added.id] = added
        return added

    def get(self, fault_id: str) -> ActiveFault | None:
        """Return the fault with this id; None if there is no such fault."""
        return self._faults.get(fault_id)

    def remove(self, fault_id: str) -> bool:
        """Remove the fault with this id; return True, or False if there is no such fault."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove all faults, also the faults of the seed. Delays of image data go on."""
        self._faults.clear()

    def reset(self) -> None:
        """Remove all faults; add the faults of the seed again, with new ids and counts of 0.

        Replaces ``delays`` by a new object for later requests. The delays of earlier requests go
        on, unless the caller calls `end` of the old object.
        """
        self.delays = Delays()
        self._faults.clear()
        for rule in self._seeded:
            self.add(rule)

    def count_and_select(self, request: RequestFacts) -> list[RequestFault]:
        """Add 1 to ``matched`` of each rule that matches; return the faults of the request.

        The faults are in the order in which their rules were added. A rule that matches is left out
        of the result if its ``skip``, ``first`` or ``every`` leaves the request out.
        """
        matching = [fault for fault in self if fault.rule.matches(request)]
        return [RequestFault(fault) for fault in matching if fault.count_match()]
