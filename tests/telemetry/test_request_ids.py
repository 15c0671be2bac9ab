"""Ids of requests: new ones, and those that clients send."""

import re
from uuid import UUID

import pytest

from glimpse.telemetry.request_ids import global_request_id, new_request_id

SENT = b"req-11111111-2222-3333-4444-555555555555"


def test_a_request_id_is_a_random_uuid() -> None:
    made = {new_request_id() for _ in range(100)}
    assert len(made) == 100
    for request_id in made:
        assert re.fullmatch(r"req-[0-9a-f-]{36}", request_id)
        uuid = UUID(request_id.removeprefix("req-"))
        assert (uuid.version, str(uuid)) == (4, request_id.removeprefix("req-"))


@pytest.mark.parametrize("sent", [SENT, SENT.replace(b"req-1", b"req-A")])
def test_the_request_id_of_a_client_is_the_global_id(sent: bytes) -> None:
    assert global_request_id({b"x-openstack-request-id": sent}) == sent.decode()


@pytest.mark.parametrize(
    "sent", [b"", b"req-", SENT[4:], SENT + b"0", SENT + b"\n", b"x" + SENT, b"\xff" * 40]
)
def test_a_malformed_text_is_not_a_global_id(sent: bytes) -> None:
    assert global_request_id({b"x-openstack-request-id": sent}) is None


def test_a_request_without_an_id_has_no_global_id() -> None:
    assert global_request_id({}) is None
