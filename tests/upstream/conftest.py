"""Fixtures: a server that sends given bytes, and an HttpClient."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.transport import Response
from tests.support.options import tls_options

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """A server that sends `response` to each request when `gate` is set.

    With `closes`, it closes the connection after a response. `ended` is the number of connections
    that have been closed.
    """

    def __init__(self, response: bytes = OK, *, closes: bool = False) -> None:
        self.response = response
        self.closes = closes
        self.url = ""
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await read_request(reader):
                self.requests.append(request)
                await self.gate.wait()
                writer.write(self.response)
                await writer.drain()
                if self.closes:
                    break
        finally:
            self.ended += 1


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Return the bytes of the next request, or none if the client closes the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


@asynccontextmanager
async def listening(serve: Serve, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve connections with `serve` on a free port; yield the base URL. Close all at the end."""
    serving: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())  # type: ignore[arg-type]  # within a task
        try:
            await serve(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve_one, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.close()
        await asyncio.sleep(0.01)  # lets the task of the last connection start
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await asyncio.sleep(0.01)  # close the connections, and let clients see it


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer()
    async with listening(server.serve) as server.url:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = make_client()
    yield client
    await client.close()


def make_client(
    *,
    read_timeout: float = 5.0,
    max_connections: int = 100,
    max_buffered_bytes: int = 10_000_000,
) -> HttpClient:
    return HttpClient(
        tls=tls_options(),
        connect_timeout=5.0,
        read_timeout=read_timeout,
        max_connections=max_connections,
        max_buffered_bytes=max_buffered_bytes,
    )


async def get(client: HttpClient, url: str, max_response_bytes: int = 1000) -> Response:
    """Send a GET for ``/``."""
    return await client.request("GET", url, "/", {}, max_response_bytes=max_response_bytes)


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` returns True; fail after 5 s."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        await asyncio.sleep(0.01)
