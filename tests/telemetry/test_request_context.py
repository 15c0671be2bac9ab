"""RequestContext: ids of requests, and the calls that a request makes."""

import asyncio
import re
from uuid import UUID

import pytest

from glimpse.telemetry.observer import NULL_OBSERVER, NullObserver, Service
from glimpse.telemetry.request_context import NO_REQUEST, current_context, new_context

SENT = b"req-11111111-2222-3333-4444-555555555555"


def test_a_request_id_is_a_random_uuid() -> None:
    made = {new_context({}, NULL_OBSERVER).request_id for _ in range(100)}
    assert len(made) == 100
    for request_id in made:
        assert re.fullmatch(r"req-[0-9a-f-]{36}", request_id)
        uuid = UUID(request_id.removeprefix("req-"))
        assert (uuid.version, str(uuid)) == (4, request_id.removeprefix("req-"))


@pytest.mark.parametrize("sent", [SENT, SENT.replace(b"req-1", b"req-A")])
def test_the_request_id_of_a_client_is_the_global_id(sent: bytes) -> None:
    context = new_context({b"x-openstack-request-id": sent}, NULL_OBSERVER)
    assert context.global_id == sent.decode()
    assert context.request_id != context.global_id


@pytest.mark.parametrize(
    "sent", [b"", b"req-", SENT[4:], SENT + b"0", SENT + b"\n", b"x" + SENT, b"\xff" * 40]
)
def test_a_malformed_text_is_not_a_global_id(sent: bytes) -> None:
    assert new_context({b"x-openstack-request-id": sent}, NULL_OBSERVER).global_id is None
    assert new_context({}, NULL_OBSERVER).global_id is None


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
