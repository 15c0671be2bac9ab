"""reset_connection: connections that the client has closed. The faults' tests reset open ones."""

import asyncio
import socket
from collections.abc import Callable

import pytest
import uvloop

from glimpse.server.tcp_reset import reset_connection


class _Accepted(asyncio.Protocol):
    """The server's end of a connection."""

    def __init__(self, closed: asyncio.Future[asyncio.Transport]) -> None:
        self._closed = closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self._closed.set_result(self._transport)


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_a_connection_that_the_client_has_closed_is_left_alone(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        closed: asyncio.Future[asyncio.Transport] = loop.create_future()
        server = await loop.create_server(lambda: _Accepted(closed), "127.0.0.1", 0)
        socket.create_connection(server.sockets[0].getsockname()).close()
        transport = await asyncio.wait_for(closed, 5)
        await asyncio.sleep(0)  # uvloop closes the socket in the next iteration
        reset_connection(transport)
        server.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())
