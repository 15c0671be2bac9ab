"""FaultProxy: a TCP proxy that injects faults between Glimpse and a service that it calls."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from tests.support.http import encode_response
from tests.support.server import Server

Result = TypeVar("Result")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_NO_LINGER = struct.pack("ii", 1, 0)  # a socket with this SO_LINGER sends a reset when closed


@dataclass(frozen=True)
class Fault:
    """A fault in the response to a request. It happens after `after` bytes of the response.

    - ``reset`` and ``close`` end the connection.
    - ``hang`` sends nothing more and keeps the connection open.
    - ``trickle`` sends a byte every `pause` seconds.
    - ``respond`` sends `respond(request)` instead of a response of the service. An HTTP request is
      complete; of a request in another protocol, it is the part that was read first.
    """

    kind: Literal["reset", "close", "hang", "trickle", "respond"]
    after: int = 0
    pause: float = 1.0
    respond: Callable[[bytes], bytes] = lambda _request: b""


def respond_with(status: int, body: bytes, content_type: str = "application/json") -> Fault:
    """Return the fault that responds to every request with this response."""
    response = encode_response(status, body, content_type=content_type)
    return Fault("respond", respond=lambda _request: response)


class FaultProxy(Server):
    """A proxy that forwards connections to `target`, or injects faults. A context manager.

    It runs in its own thread. `requests` is the number of requests that it has received, forwarded
    or not. (It counts reads from a client while no fault is in progress.)
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
        """The number of connections that clients have to this proxy now."""
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
        """Inject `fault` in the responses to requests for which `when(request)` is true.

        This ends after `times` such requests, and in any case when `restore` is called.
        """

        async def set_fault() -> None:
            self._restored.clear()
            self._fault, self._left, self._when = fault, times, when

        self._run(set_fault())

    def refuse(self) -> None:
        """Reset all connections, and refuse new ones until `restore` is called."""

        async def stop() -> None:
            self._restored.clear()
            await self._close()

        self._run(stop())

    def restore(self) -> None:
        """Forward everything again; end connections that hang or trickle."""

        async def restore() -> None:
            self._fault = None
            self._restored.set()
            if self._listener is None:
                self._listen()

        self._run(restore())

    def _run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the proxy's thread; return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _listen(self) -> None:
        # Not asyncio.start_server: when such a server is closed, it may have accepted a connection
        # without having created its transport. It never closes that connection.
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
        except OSError:  # the client has closed the connection
            return
        task = self._loop.create_task(self._serve(connection))
        self._connections.add(task)

        def on_done(_: object) -> None:
            self._connections.discard(task)
            connection.close()  # a task that was cancelled before it started did not close it

        task.add_done_callback(on_done)

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            # `_close` cancels this task: the cancellation need not propagate.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Connection(self, reader, writer).serve()
        finally:
            _reset(writer)

    def next_fault(self, request: bytes) -> Fault | None:
        """Count the request; return the fault to inject in its response, or None."""
        self.requests += 1
        if self._fault is None or self._left == 0 or not self._when(request):
            return None
        if self._left is not None:
            self._left -= 1
        return self._fault

    async def connect(self) -> Streams:
        """Open a connection to the target."""
        return await asyncio.open_connection(*self._target)

    async def wait_until_restored(self, seconds: float | None = None) -> bool:
        """Wait for `restore`; return False if it is not called within `seconds`."""
        try:
            await asyncio.wait_for(self._restored.wait(), seconds)
        except TimeoutError:
            return False
        return True


class _Connection:
    """A client's connection, and the connection to the target that belongs to it."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._fault: Fault | None = None  # of the request in progress
        self._forwarded = 0  # bytes of its response

    async def serve(self) -> None:
        """Forward data in both directions until either side or a fault ends the connection."""
        # Shielded: if this task is cancelled now, the new connection is closed once it is open.
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
            service_writer.close()  # before `gather`, which may be cancelled
            await asyncio.gather(responses, requests, return_exceptions=True)

    async def _forward_requests(self, service: asyncio.StreamWriter) -> None:
        while data := await self._reader.read(65536):
            if self._fault is None:
                self._fault = self._proxy.next_fault(data)
                self._forwarded = 0
            if self._fault is not None and self._fault.kind == "respond":
                self._writer.write(self._fault.respond(await self._read_whole_request(data)))
                await self._writer.drain()
                self._fault = None
            else:
                service.write(data)
                await service.drain()

    async def _read_whole_request(self, data: bytes) -> bytes:
        """Return the whole HTTP request that begins with `data`; in other protocols, `data`."""
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
            allowed = max(0, fault.after - self._forwarded)
            self._forwarded += len(data)
            self._writer.write(data[:allowed])
            await self._writer.drain()
            if len(data) > allowed and not await self._apply(fault, data[allowed:]):
                return

    async def _apply(self, fault: Fault, rest: bytes) -> bool:
        """Inject the fault in place of `rest`; return True if the connection stays open."""
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
    """Close a connection with a reset, unless it is closed already."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
