"""The state of a fault between requests."""

from starlette.types import Message

from glimpse.faults.active_faults import ActiveFault
from glimpse.faults.rules import FaultRule

RESPONSE: list[Message] = [{"type": "http.response.start", "status": 200}]


def test_stale_responses_take_bounded_memory() -> None:
    fault = ActiveFault("f", FaultRule(stale_for=10.0))
    for number in range(3000):
        fault.remember(number, RESPONSE, now=1.0)
    kept = [number for number in range(3000) if fault.stale_response(number, 1.0)]
    assert kept == list(range(2000, 3000))


def test_outdated_responses_are_dropped() -> None:
    fault = ActiveFault("f", FaultRule(stale_for=10.0))
    fault.remember("old", RESPONSE, now=1.0)
    fault.remember("new", RESPONSE, now=11.0)
    assert fault.stale_response("old", 11.0) == RESPONSE
    fault.remember("newer", RESPONSE, now=11.5)
    assert fault.stale_response("old", 1.0) is None
    assert fault.stale_response("new", 11.0) == RESPONSE


def test_a_response_that_is_stored_again_is_the_latest() -> None:
    fault = ActiveFault("f", FaultRule(stale_for=10.0))
    for key in (0, *range(1000), 0, 1000):
        fault.remember(key, RESPONSE, now=1.0)
    assert fault.stale_response(0, 1.0) == RESPONSE
    assert fault.stale_response(1, 1.0) is None
