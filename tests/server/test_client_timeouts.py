"""Timeouts of slow clients, with an event loop whose clock the test advances."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from glimpse.server.client_timeouts import KEEP_ALIVE, ClientTimeouts
from tests.server.connection import SMALL, Clock, Connection, run

TIMEOUT = 60.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
CHUNKED = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientTimeouts, "client_timeout", TIMEOUT, raising=False)


@pytest.mark.parametrize(
    ("first", "each_second", "reads_body"),
    [
        (b"", b"", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"", True),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n", True),
        (b"FOO / HTTP/1.1\r\n", b"X: y\r\n", True),
        (GET + b"GET / HTTP/1.1\r\n", b"X: y\r\n", True),
        (PUT, b"", True),
        (PUT, b"x", True),
        (PUT.replace(b"PUT", b"FOO"), b"x", True),
        (CHUNKED, b"1\r\nx\r\n", True),
        (CHUNKED + b"0\r\n", b"X: y\r\n", True),
        (PUT, b"x", False),
    ],
    ids=[
        *("nothing", "half a head", "a slow head", "a slow head of an unknown method"),
        *("a slow second head", "no body", "a slow body", "a slow body of an unknown method"),
        *("slow chunks", "slow trailers", "a slow body that the application does not read"),
    ],
)
def test_a_client_that_sends_too_slowly_is_disconnected(
    first: bytes, each_second: bytes, *, reads_body: bool
) -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        connection.response, connection.reads_body = SMALL, reads_body
        if first:
            await connection.send(first)
        for _ in range(int(TIMEOUT - 2)):
            assert connection.transport.ended is None
            connection.read_all()
            if each_second:
                await connection.send(each_second)
            await loop.advance(1)
        await loop.advance(2 + 2 * KEEP_ALIVE)
        assert connection.transport.ended == "closed"

    run(test)


@pytest.mark.parametrize("requests", [1, 2])
def test_an_idle_connection_is_closed_after_the_keep_alive_time(requests: int) -> None:
    """The client sends two requests at once, the second before the response to the first."""

    async def test(connection: Connection, loop: Clock) -> None:
        connection.response = SMALL
        await connection.send(requests * GET)
        connection.read_all()
        await loop.advance(KEEP_ALIVE - 1)
        assert len(connection.scopes) == requests
        assert connection.transport.ended is None
        await loop.advance(KEEP_ALIVE + 1)
        assert connection.transport.ended == "closed"

    run(test)


def test_a_client_timeout_below_the_keep_alive_time_does_not_shorten_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ClientTimeouts, "client_timeout", 1.0)

    async def test(connection: Connection, loop: Clock) -> None:
        connection.response = SMALL
        for _ in range(2):
            await connection.send(GET)
            connection.read_all()
            await loop.advance(2.5)
            assert connection.transport.ended is None

    run(test)


def test_a_client_may_pause_a_download_for_the_timeout() -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        await connection.send(GET)
        for _ in range(5):
            await loop.advance(TIMEOUT - 1)
            assert connection.transport.ended is None
            connection.transport.take(1)
        await loop.advance(TIMEOUT + 2 * KEEP_ALIVE)
        assert connection.transport.ended == "aborted"
        assert connection.scopes[0]["glimpse.incomplete_reason"] == "timeout"

    run(test)


def test_a_client_may_pause_before_it_reads_the_end_of_a_response() -> None:
    """The keep-alive time begins when the client has read the whole response."""

    async def test(connection: Connection, loop: Clock) -> None:
        await connection.send(GET)
        while len(connection.transport.unsent) > 65536:
            connection.transport.take(len(connection.transport.unsent) - 1)
            await loop.advance(1)
        await loop.advance(TIMEOUT - 10)
        assert connection.transport.ended is None
        connection.transport.take(len(connection.transport.unsent))
        await loop.advance(KEEP_ALIVE - 1)
        assert connection.transport.ended is None
        assert "glimpse.incomplete_reason" not in connection.scopes[0]
        await loop.advance(2 * KEEP_ALIVE)
        assert connection.transport.ended == "closed"

    run(test)


def test_a_client_may_pause_an_upload_for_the_timeout() -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        await connection.send(PUT)
        for _ in range(5):
            await loop.advance(TIMEOUT - 1)
            assert connection.transport.ended is None
            await connection.send(b"x" * 60_000)
        await loop.advance(TIMEOUT + 1)
        assert connection.transport.ended == "closed"

    run(test)


def test_a_client_does_not_time_out_while_the_server_pauses_reading() -> None:
    """Afterwards, the timeout starts again."""

    async def test(connection: Connection, loop: Clock) -> None:
        connection.protocol.data_received(PUT + b"x" * 100_000)
        connection.protocol.flow.keep_reading_paused()
        await loop.advance(3 * TIMEOUT)
        connection.protocol.flow.allow_resuming()
        connection.protocol.flow.resume_reading()
        await loop.advance(TIMEOUT - KEEP_ALIVE - 1)
        assert connection.transport.ended is None

    run(test)


def test_the_time_in_which_the_server_pauses_reading_does_not_lower_the_rate_of_an_upload() -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        connection.protocol.data_received(PUT + b"x" * 100_000)
        connection.protocol.flow.keep_reading_paused()
        await loop.advance(10 * TIMEOUT)  # 100,000 bytes in this time are below 500 a second
        connection.protocol.flow.allow_resuming()
        connection.protocol.flow.resume_reading()
        for _ in range(10):
            await loop.advance(TIMEOUT / 2)
            await connection.send(b"x" * int(500 * TIMEOUT))
            assert connection.transport.ended is None

    run(test)


def test_an_upload_below_the_minimum_rate_is_closed() -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        await connection.send(PUT)
        for _ in range(int(3 * TIMEOUT)):
            await connection.send(b"x")
            await loop.advance(1)
        assert connection.transport.ended == "closed"

    run(test)


def test_a_client_that_uploads_may_leave_the_response_unread_for_the_timeout() -> None:
    async def test(connection: Connection, loop: Clock) -> None:
        connection.reads_body = False
        await connection.send(PUT)
        for _ in range(4):
            await loop.advance(TIMEOUT - 10)
            await connection.send(b"x" * 50_000)
            assert connection.transport.ended is None
        await loop.advance(TIMEOUT + 2 * KEEP_ALIVE)
        assert connection.transport.ended == "aborted"

    run(test)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname(), timeout=20)
    server, _ = listener.accept()
    yield client, server
    for each in (client, server, listener):
        each.close()


def test_bytes_that_leave_the_kernels_buffer_restart_the_timeout(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The kernel accepts no more bytes from the process until its own buffer is nearly empty."""
    client, server = pair
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += server.send(b"x" * 65536, socket.MSG_DONTWAIT)

    async def test(connection: Connection, loop: Clock) -> None:
        transport = connection.transport
        transport.get_extra_info = {"socket": server}.get  # type: ignore[method-assign,assignment]
        await connection.send(GET)
        for _ in range(4):
            await loop.advance(TIMEOUT - 10)
            assert transport.ended is None
            client.recv(sent // 8, socket.MSG_WAITALL)
        # On a busy machine, the kernel may still move bytes to the client's buffer for a while.
        while transport.ended is None:
            await loop.advance(TIMEOUT)
        assert transport.ended == "aborted"

    run(test)
