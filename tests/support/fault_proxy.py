"""A TCP proxy that fails on purpose, to be put in front of a service that Glimpse calls."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from tests.support.server import Server

Result = TypeVar("Result")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_NO_LINGER = struct.pack("ii", 1, 0)  # closing a socket with it sends a reset


@dataclass(frozen=True)
class Fault:
    """What becomes of an answer once `after` bytes of it have been passed on.

    ``reset`` and ``close`` end the connection, ``hang`` keeps it and says nothing more, ``trickle``
    passes on a byte every `pause` seconds; ``answer`` calls no service at all but answers with
    what `answer` makes of the request: of a whole one of HTTP, of what came of any other.
    """

    kind: Literal["reset", "close", "hang", "trickle", "respond"]
    after: int = 0
    pause: float = 1.0
    respond: Callable[[bytes], bytes] = lambda _request: b""


def respond_with(status: int, body: bytes, content_type: str = "application/json") -> Fault:
    """The fault of a service that gives this answer to everything."""
    raw = encode_response(status, body, content_type)
    return Fault("respond", respond=lambda _request: raw)


def encode_response(status: int, body: bytes, content_type: str = "application/json") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


class FaultProxy(Server):
    """Passes connections on to `target` until told to fail. A context manager.

    It runs in a thread of its own, so that tests may block. `requests` counts what came in (reads
    that began a request, whether passed on or not), `open` the connections there are now.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._listener: socket.socket | None = None
        self._fault: Fault | None = None
        self._when: Callable[[bytes], bool] = lambda _request: True
        self._left: int | None = None
        self._restored = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self.requests = 0
        self.port = 0

    @property
    def open_connections(self) -> int:
        """How many connections clients have to this proxy."""
        return len(self._connections)

    def start(self) -> None:
        self._thread.start()

        async def listen() -> None:
            self._listen()

        self._run(listen())

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fail(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        when: Callable[[bytes], bool] = lambda _request: True,
    ) -> None:
        """Fail so many of the requests that `when` picks; until `mend` without a number."""

        async def set_fault() -> None:
            self._restored.clear()
            self._fault, self._left, self._when = fault, times, when

        self._run(set_fault())

    def refuse(self) -> None:
        """Refuse connections, and end the ones there are, until `mend`."""

        async def stop() -> None:
            self._restored.clear()
            await self._close()

        self._run(stop())

    def restore(self) -> None:
        """Pass everything on again; what hung or trickled ends."""

        async def repair() -> None:
            self._fault = None
            self._restored.set()
            if self._listener is None:
                self._listen()

        self._run(repair())

    def _run(self, what: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    def _listen(self) -> None:
        # A server of asyncio forgets, without closing it, a connection that it has accepted but
        # not yet attached when it is closed.
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(0)
        self.port = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener, self._accept, self._listener)

    async def _close(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # the client has gone
            return
        task = self._loop.create_task(self._serve(connection))
        self._connections.add(task)

        def on_done(_: object) -> None:
            self._connections.discard(task)
            connection.close()  # if it was cancelled before it began

        task.add_done_callback(on_done)

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            # Cancelled by `_close`, whose doing is no news to the task's waiters.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Connection(self, reader, writer).serve()
        finally:
            _reset(writer)

    def next_fault(self, request: bytes) -> Fault | None:
        """The fault that this request is to meet."""
        self.requests += 1
        if self._fault is None or self._left == 0 or not self._when(request):
            return None
        if self._left is not None:
            self._left -= 1
        return self._fault

    async def connect(self) -> Streams:
        return await asyncio.open_connection(*self._target)

    async def wait_until_restored(self, seconds: float | None = None) -> bool:
        """Wait; tell whether it was mended before the time was over."""
        try:
            await asyncio.wait_for(self._restored.wait(), seconds)
        except TimeoutError:
            return False
        return True


class _Connection:
    """One client's connection, and the one to the service behind it."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._fault: Fault | None = None
        self._passed = 0

    async def serve(self) -> None:
        """Pass on what comes, until one side ends or a fault ends it."""
        # Shielded: a connection that is made while it is cancelled has to be closed all the same.
        connecting = asyncio.ensure_future(self._proxy.connect())
        try:
            service_reader, service_writer = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_connected)
            raise
        responses = asyncio.create_task(self._forward_responses(service_reader))
        requests = asyncio.create_task(self._forward_requests(service_writer))
        try:
            done, _ = await asyncio.wait((responses, requests), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            responses.cancel()
            requests.cancel()
            service_writer.close()  # before waiting, which may be cancelled
            await asyncio.gather(responses, requests, return_exceptions=True)

    async def _forward_requests(self, service: asyncio.StreamWriter) -> None:
        while data := await self._reader.read(65536):
            if self._fault is None:
                self._fault = self._proxy.next_fault(data)
                self._passed = 0
            if self._fault is not None and self._fault.kind == "respond":
                self._writer.write(self._fault.respond(await self._read_whole_request(data)))
                await self._writer.drain()
                self._fault = None
            else:
                service.write(data)
                await service.drain()

    async def _read_whole_request(self, data: bytes) -> bytes:
        """The whole HTTP request that begins with `data`; `data` if that is something else."""
        if b" HTTP/1." not in data:
            return data
        while b"\r\n\r\n" not in data:
            data += await self._reader.read(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        fields = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
        length = int({name: value for name, _, value in fields}.get(b"content-length", 0))
        return data + await self._reader.readexactly(max(0, length - len(body)))

    async def _forward_responses(self, service: asyncio.StreamReader) -> None:
        while data := await service.read(65536):
            fault = self._fault
            if fault is None:
                self._writer.write(data)
                await self._writer.drain()
                continue
            allowed = max(0, fault.after - self._passed)
            self._passed += len(data)
            self._writer.write(data[:allowed])
            await self._writer.drain()
            if len(data) > allowed and not await self._apply(fault, data[allowed:]):
                return

    async def _apply(self, fault: Fault, rest: bytes) -> bool:
        """Let the fault happen; tell whether the connection goes on."""
        if fault.kind == "reset":
            return False
        if fault.kind == "close":
            self._writer.close()
            await self._writer.wait_closed()
            return False
        if fault.kind == "hang":
            await self._proxy.wait_until_restored()
            return False
        for byte in rest:
            self._writer.write(bytes((byte,)))
            await self._writer.drain()
            if await self._proxy.wait_until_restored(fault.pause):
                return False
        return True


def _close_connected(connecting: "asyncio.Task[Streams]") -> None:
    if not connecting.exception():
        connecting.result()[1].close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection at once: with a reset, unless it is closed already."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
