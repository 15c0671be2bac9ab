"""Connections to the database that break at any byte, or on which something else responds."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from glimpse.glance_database.connection import Statement
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import Host
from glimpse.glance_database.errors import DatabaseError
from glimpse.glance_database.options import DatabaseOptions

COUNT_IMAGES = Statement("SELECT COUNT(*) FROM images")
STEP = 5  # bytes between two places where connections break
End = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def close(_: asyncio.StreamWriter) -> None:
    """Send no more."""


async def reset(client: asyncio.StreamWriter) -> None:
    """Reset the connection, as the host of a killed server does."""
    client.transport.abort()


async def send_garbage(client: asyncio.StreamWriter) -> None:
    client.write(random.Random(1).randbytes(200))
    await client.drain()


class BreakingProxy:
    """Forwards connections to `port` until the server sent `limit` bytes; then calls `end`."""

    def __init__(self, port: int, end: End) -> None:
        self._port = port
        self._end = end
        self.limit = 0
        self.has_ended = False

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Listen; yield the port."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            server.close()

    async def _forward(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        forwarding = asyncio.create_task(_copy(client, to_server))
        left = self.limit
        try:
            while left and (data := await server.read(left)):
                left -= len(data)
                to_client.write(data)
                await to_client.drain()
            self.has_ended = not left
            await self._end(to_client)
        except ConnectionError:
            pass  # the client has closed the connection
        finally:
            forwarding.cancel()
            to_client.close()
            to_server.close()


async def _copy(source: asyncio.StreamReader, destination: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        destination.write(data)


@pytest.mark.parametrize("end", [close, reset, send_garbage])
async def test_a_connection_that_breaks_at_any_byte_is_a_failure_of_the_database(
    end: End, options: DatabaseOptions
) -> None:
    proxy = BreakingProxy(options.url.hosts[0].port, end)
    successes = 0
    async with proxy.serve() as port:
        url = replace(options.url, hosts=(Host("127.0.0.1", port),))
        while successes == 0:
            proxy.limit += STEP
            database = GlanceDatabase(replace(options, url=url), find_driver(url))
            try:
                await database.fetch(COUNT_IMAGES)
            except DatabaseError:
                assert proxy.has_ended, "the connection has not been broken"
            else:
                successes += 1
            await database.close()
    assert proxy.limit > 100


@pytest.mark.parametrize(
    "response",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"\0" * 100, b"E" * 100],
    ids=["HTTP", "SSH", "nothing", "NUL", "E"],
)
async def test_a_server_that_is_no_database_is_a_failure_of_the_database(
    response: bytes, options: DatabaseOptions
) -> None:
    async def respond(_: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        client.write(response)
        client.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = replace(options.url, hosts=(Host("127.0.0.1", port),))
        database = GlanceDatabase(replace(options, url=url), find_driver(url))
        with pytest.raises(DatabaseError):
            await database.fetch(COUNT_IMAGES)
        await database.close()
