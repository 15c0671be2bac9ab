"""What connections hold of requests to come: bounded in all, however many they are."""

import pytest

from glimpse.server.request_buffer import BufferLimit, RequestBuffer
from glimpse.server.request_head import RequestRefused

UNCOUNTED = 16 * 1024


def _fill(total: BufferLimit, size: int) -> RequestBuffer:
    held = RequestBuffer(total)
    held += b"x" * size
    held.count_size()
    return held


def test_a_connection_is_refused_when_all_of_them_hold_too_much() -> None:
    total = BufferLimit(limit=100_000)
    kept = [_fill(total, UNCOUNTED + 40_000) for _ in range(2)]
    with pytest.raises(RequestRefused) as refused:
        _fill(total, UNCOUNTED + 40_000)
    assert refused.value.status == 503
    kept[0].drop()
    assert not kept[0]


def test_the_first_bytes_of_a_connection_are_always_taken() -> None:
    total = BufferLimit(limit=10)
    with pytest.raises(RequestRefused):
        _fill(total, UNCOUNTED + 100)
    for _ in range(100):
        _fill(total, UNCOUNTED)


def test_what_is_dropped_counts_no_more() -> None:
    total = BufferLimit(limit=100_000)
    for _ in range(10):
        held = RequestBuffer(total)
        for _ in range(10):
            held += b"x" * 10_000
            held.count_size()
        held.drop()
        held.drop()
    assert total.used == 0
