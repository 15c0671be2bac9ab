"""The limit of bytes that are buffered for all connections."""

import pytest

from glimpse.server.request_buffer import BufferLimit, RequestBuffer
from glimpse.server.request_head import RequestRefused

UNCOUNTED = 16 * 1024


def _fill(limit: BufferLimit, size: int) -> RequestBuffer:
    buffer = RequestBuffer(limit)
    buffer += b"x" * size
    buffer.count_size()
    return buffer


def test_bytes_above_the_limit_of_all_connections_are_refused_with_503() -> None:
    limit = BufferLimit(limit=100_000)
    buffers = [_fill(limit, UNCOUNTED + 40_000) for _ in range(2)]
    with pytest.raises(RequestRefused) as refused:
        _fill(limit, UNCOUNTED + 40_000)
    assert refused.value.status == 503
    buffers[0].drop()
    assert not buffers[0]


def test_the_first_bytes_of_a_connection_do_not_count() -> None:
    limit = BufferLimit(limit=10)
    with pytest.raises(RequestRefused):
        _fill(limit, UNCOUNTED + 100)
    for _ in range(100):
        _fill(limit, UNCOUNTED)


def test_dropped_bytes_no_longer_count() -> None:
    limit = BufferLimit(limit=100_000)
    for _ in range(10):
        buffer = RequestBuffer(limit)
        for _ in range(10):
            buffer += b"x" * 10_000
            buffer.count_size()
        buffer.drop()
        buffer.drop()
    assert limit.used == 0
