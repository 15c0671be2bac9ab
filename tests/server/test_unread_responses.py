"""Responses that a client has not read: what is counted for them, and what waits for them."""

import asyncio

import pytest

from glimpse.server import client_timeouts
from glimpse.server.client_timeouts import ClientTimeouts
from glimpse.server.unsent_responses import Connection as UnsentConnection
from glimpse.server.unsent_responses import UnsentResponses
from tests.server.connection import Clock, Connection, run

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PIECE = b"x" * 100_000


@pytest.fixture(autouse=True)
def timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientTimeouts, "client_timeout", 60.0, raising=False)


class CountedSizes(UnsentResponses):
    """Keeps the sizes that were added."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def add(self, connection: UnsentConnection, size: int) -> None:
        self.sizes.append(size)
        super().add(connection, size)


async def read_all(connection: Connection) -> None:
    """Have the client read all unsent bytes, and the application run."""
    connection.read_all()
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_piece_counts_whole_although_the_client_has_read_most_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = CountedSizes()
    monkeypatch.setattr(client_timeouts, "UNSENT_RESPONSES", counted)

    async def test(connection: Connection, _loop: Clock) -> None:
        connection.response = (PIECE,)
        monkeypatch.setattr(connection.transport, "get_write_buffer_size", lambda: 1000)
        await connection.send(GET)
        (size,) = counted.sizes
        assert size >= len(PIECE)
        await read_all(connection)

    run(test)


def test_a_pipelined_request_waits_until_the_previous_response_is_read() -> None:
    async def test(connection: Connection, _loop: Clock) -> None:
        connection.response = (PIECE,)
        await connection.send(2 * GET)
        assert len(connection.scopes) == 1
        await read_all(connection)
        assert len(connection.scopes) == 2
        await read_all(connection)

    run(test)


def test_a_pipelined_request_ends_when_the_client_disconnects_before_it_begins() -> None:
    async def test(connection: Connection, _loop: Clock) -> None:
        connection.response = (PIECE,)
        await connection.send(2 * GET)
        connection.transport.abort()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not connection.state.tasks

    run(test)
