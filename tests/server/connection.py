"""A client's connection to an HttpProtocol, on an event loop whose clock tests advance."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.types import Receive, Scope, Send

from glimpse.server.http_protocol import HttpProtocol

LARGE: tuple[bytes, ...] = 64 * (b"x" * 65536,)  # parts of a response
SMALL: tuple[bytes, ...] = (b"{}",)


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time tests advance."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__()

    def time(self) -> float:
        return self.now

    async def advance(self, seconds: float) -> None:
        """Advance the time in steps of at most a second, and run the callbacks that are due."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            await asyncio.sleep(0)
            await asyncio.sleep(0)


class FakeTransport(asyncio.Transport):
    """A transport whose `unsent` bytes the client has not read yet."""

    def __init__(self, protocol: HttpProtocol, loop: Clock) -> None:
        super().__init__()
        self._protocol = protocol
        self._loop = loop
        self.unsent = b""
        self.ended: str | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def write(self, data: Any) -> None:
        self.unsent += bytes(data)
        if len(self.unsent) > 65536:
            self._protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Keep the limits of `write` and `take`: as if the kernel took 64 KiB at once."""

    def take(self, size: int) -> None:
        """Have the client read `size` bytes."""
        self.unsent = self.unsent[size:]
        if len(self.unsent) < 16384:
            self._protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)

    def is_closing(self) -> bool:
        return self.ended is not None

    def close(self) -> None:
        self._end("closed")

    def abort(self) -> None:
        self._end("aborted")

    def _end(self, how: str) -> None:
        if self.ended is None:
            self.ended = how
            self._loop.call_soon(self._protocol.connection_lost, None)

    def write_eof(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class State:
    """A ServerState."""

    def __init__(self) -> None:
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.total_requests = 0
        self.default_headers: list[tuple[bytes, bytes]] = []


class Connection:
    """A connection to an application that sends `response`; with `reads_body`, after the body."""

    def __init__(self, loop: Clock) -> None:
        self.loop = loop
        self.scopes: list[Scope] = []
        self.reads_body = True
        self.response = LARGE
        self.state = State()
        self.protocol = HttpProtocol(self._app, self.state, {}, loop)
        self.transport = FakeTransport(self.protocol, loop)
        self.protocol.connection_made(self.transport)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        while self.reads_body and (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number, part in enumerate(self.response, 1):
            more = number < len(self.response)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    async def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        for _ in range(5):
            await asyncio.sleep(0)

    def read_all(self) -> None:
        """Have the client read all unsent bytes."""
        self.transport.take(len(self.transport.unsent))


def run(test: Callable[[Connection, Clock], Coroutine[Any, Any, None]]) -> None:
    """Run `test` with a connection and its clock."""
    loop = Clock()

    async def connected() -> None:
        await test(Connection(loop), loop)

    try:
        loop.run_until_complete(connected())
    finally:
        loop.close()
