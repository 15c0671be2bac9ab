"""RequestContext: ids of requests, and the calls that a request makes."""

import asyncio

import pytest

from glimpse.telemetry.observer import NULL_OBSERVER, NullObserver, Service
from glimpse.telemetry.request_context import (
    NO_REQUEST,
    RequestContext,
    current_context,
    new_context,
)

SENT = b"req-11111111-2222-3333-4444-555555555555"


def test_a_new_request_has_its_own_id_and_that_of_the_client() -> None:
    context = new_context({b"x-openstack-request-id": SENT}, NULL_OBSERVER)
    assert context.global_id == SENT.decode()
    assert context.request_id.startswith("req-")
    assert context.request_id != context.global_id


class Calls(NullObserver):
    """An observer that records calls."""

    def __init__(self) -> None:
        self.ended: list[tuple[Service, str, str, float]] = []

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        self.ended.append((service, method, outcome, seconds))


def test_the_time_of_calls_to_glance_is_summed_and_the_observer_gets_all_calls() -> None:
    calls = Calls()
    context = new_context({}, calls)
    context.call_ended("glance", "GET", "200", 0.25)
    context.call_ended("keystone", "GET", "200", 4.0)
    context.call_ended("glance", "PATCH", "timeout", 0.5)
    assert context.glance_seconds == 0.75
    assert [call[:3] for call in calls.ended] == [
        ("glance", "GET", "200"),
        ("keystone", "GET", "200"),
        ("glance", "PATCH", "timeout"),
    ]


async def test_concurrent_requests_have_separate_contexts() -> None:
    async def serve(operation: str) -> str:
        current_context.set(new_context({}, NULL_OBSERVER))
        current_context.get().operation = operation
        await asyncio.sleep(0)
        return current_context.get().operation

    assert {*await asyncio.gather(serve("a"), serve("b"))} == {"a", "b"}
    assert current_context.get() is NO_REQUEST


@pytest.mark.parametrize("run", ["first", "second"])
def test_context_that_a_test_sets_does_not_reach_the_next_test(run: str) -> None:
    assert current_context.get() is NO_REQUEST
    current_context.set(RequestContext(f"req-{run}"))
