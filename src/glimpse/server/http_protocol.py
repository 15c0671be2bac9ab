"""HttpProtocol: one connection of a client; reads requests, one after another, for uvicorn.

httptools parses the heads. It is given whole heads only, so that a head can be checked, bounded and
relieved of what httptools would stop at, however it was cut into packets. Bodies are read here.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from glimpse.server.buffered_requests import HeldBytes
from glimpse.server.chunk_queue import CHUNK_QUEUE
from glimpse.server.chunked_body import ChunkedDecoder, ChunkLineTooLong, InvalidChunk
from glimpse.server.client_timeouts import ClientFlow, ClientTimeouts
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.server.request_head import (
    MAX_HEAD,
    HeadParser,
    RequestHead,
    RequestRefused,
    check_incomplete_head,
)
from glimpse.server.response_writer import Cycle

_HEAD_END = b"\r\n\r\n"
_MAX_BODY_HELD = 64 * 1024  # bytes of a body that the application has not taken yet


class HttpProtocol(ClientTimeouts, HttpToolsProtocol):
    """Serves the requests of one connection in their order.

    A request is parsed when the response to the one before it is complete: bytes that come earlier
    are held, and no more are read meanwhile. What is no valid request is refused, and then the
    connection ends.
    """

    flow: ClientFlow
    cycle: Cycle | None  # type: ignore[assignment]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._heads = HeadParser()
        self._held = HeldBytes()  # of an incomplete head, or of requests to be served later
        self._body: int | ChunkedDecoder | None = None  # what is to come of the current one
        self._undecoded = b""  # of a chunked body: the chunks that are decoded next
        self._refused = False  # True when a response was sent after which nothing is served

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a connection."""
        super().connection_made(transport)
        self.flow = ClientFlow(self.transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and not DESCRIPTORS.admits(descriptor := connection.fileno()):
            self._respond(503, "Too many connections are open.", b"retry-after: 5\r\n")
            self._end(may_send=DESCRIPTORS.allows_lingering(descriptor))

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._refused:
            return
        self._received_at = self.loop.time()
        try:
            self._take(data)
        except RequestRefused as refused:
            self._refuse(refused)

    def _take(self, data: bytes) -> None:
        if self._body is not None:
            data = self._take_body(data)
        if data:
            cycle = self.cycle
            if cycle is None or cycle.response_complete:
                self._take_head(data)
            else:
                self._hold(data)

    def _take_head(self, data: bytes) -> None:
        """Begin with a request if its head is complete. Raises RequestRefused."""
        held = self._held
        new_from = len(held)
        if new_from:
            held += data
            end = held.find(_HEAD_END, max(0, new_from - 3))
        else:
            data = data.lstrip(b"\r\n")  # RFC 9112, 2.2: some clients end a body with a line
            if not data:
                return
            end = data.find(_HEAD_END)
            if end < 0:
                held += data
        self._idle_since = None
        if end < 0:
            if self._head_since is None or not new_from:
                self._head_since = self._received_at
            check_incomplete_head(held, new_from)
            self._held.count_size()
            return
        if new_from:
            data = bytes(held)
            held.drop()
        end += len(_HEAD_END)
        if end > MAX_HEAD:
            raise RequestRefused(431, "The headers are too large.")
        self._head_since = None
        self._begin_request(self._heads.parse(data if end == len(data) else data[:end]))
        if end < len(data):
            self._take(data[end:])

    def _begin_request(self, head: RequestHead) -> None:
        """Have the application serve a request; its body may be still to come."""
        self.cycle = cycle = Cycle(
            scope={
                "type": "http",
                "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                "http_version": head.http_version,
                "server": self.server,
                "client": self.client,
                "scheme": self.scheme or "http",
                "method": head.method,
                "root_path": "",
                "path": head.path,
                "raw_path": head.raw_path,
                "query_string": head.query_string,
                "headers": head.headers,
                "state": self.app_state.copy(),
            },
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=head.expects_continue,
            keep_alive=head.keep_alive,
            on_response=self.on_response_complete,
        )
        length = head.body_length
        if length == 0:
            cycle.more_body = False
            cycle.message_event.set()
        else:
            self._body = ChunkedDecoder() if length is None else length
            self._body_since, self._body_bytes = self._received_at, 0
        self._start_asgi_task(cycle, self.app)

    def _take_body(self, data: bytes) -> bytes:
        """Take what belongs to the body of the current request; return the rest.

        Raises RequestRefused.
        """
        body = self._body
        rest = b""
        self._body_bytes += len(data)
        if isinstance(body, ChunkedDecoder):
            try:
                data, rest = body.decode(data)
            except InvalidChunk:
                raise RequestRefused(400) from None
            except ChunkLineTooLong:
                raise RequestRefused(431, "The trailers are too large.") from None
            ended = body.ended
            if rest and not ended:
                self._decode_later(rest)
                rest = b""
        else:
            if len(data) > (body or 0):
                data, rest = data[:body], data[body:]
            self._body = left = (body or 0) - len(data)
            ended = not left
        self._give_body(data, ended=ended)
        return rest

    def _decode_later(self, data: bytes) -> None:
        """Decode chunks when other connections have been served, and read no more meanwhile."""
        self._undecoded = data
        self._body_bytes -= len(data)  # they are counted when they are decoded
        self.flow.pause_reading()
        self.flow.holding = True
        CHUNK_QUEUE.add(self.loop, self._decode)

    def _decode(self) -> None:
        data, self._undecoded = self._undecoded, b""
        if self._refused or self.transport.is_closing():
            return
        self.flow.holding = False
        try:
            self._take(data)
        except RequestRefused as refused:
            self._refuse(refused)
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete or len(cycle.body) <= _MAX_BODY_HELD:
            self.flow.resume_reading()

    def _give_body(self, data: bytes, *, ended: bool) -> None:
        """Give the application a piece of the body, unless it has answered without it."""
        cycle = self.cycle
        if cycle is None:
            return
        if not cycle.response_complete and data:
            cycle.body += data
            if len(cycle.body) > _MAX_BODY_HELD:
                self.flow.pause_reading()
        if ended:
            self._body = self._body_since = None
            cycle.more_body = False
            if cycle.response_complete:
                self._idle_since = self._received_at
        if ended or data:
            cycle.message_event.set()

    def _hold(self, data: bytes) -> None:
        """Keep what came before the response was complete, and read no more of it."""
        if not self._held:
            data = data.lstrip(b"\r\n")
        if data:
            self._held += data
            self._held.count_size()
            self.flow.pause_reading()
            self.flow.holding = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is held."""
        self._held.drop()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request, or begin with it if it is here."""
        self.server_state.total_requests += 1
        cycle = self.cycle
        if self.transport.is_closing() or cycle is None:
            return
        if not cycle.keep_alive:
            self._end()
            return
        if self._body is None:
            self._idle_since = self.loop.time()
        if self._held:
            held = bytes(self._held)
            self._held.drop()
            self._received_at = self.loop.time()
            self.flow.release()
            try:
                self._take_head(held)
            except RequestRefused as refused:
                self._refuse(refused)
        else:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """End as soon as no request is being served."""
        if self._refused:
            self.transport.close()
        else:
            super().shutdown()

    def _refuse(self, refused: RequestRefused) -> None:
        """Answer what is no valid request, and end the connection."""
        cycle = self.cycle
        address = self.client[0] if self.client else "-"
        self.logger.warning("A request from %s was refused: %s", address, refused.text)
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            self._cut = cycle.scope["glimpse.cut"] = "client"  # type: ignore[typeddict-unknown-key]
            cycle.message_event.set()
            if cycle.response_started:  # it would be taken for a part of that response
                self.transport.abort()
                return
        self._respond(refused.status, refused.text)
        self._end(may_send=True)

    def _respond(self, status: int, text: str, header: bytes = b"") -> None:
        """Send the last response of the connection, which is to no request of the application's."""
        body = text.encode()
        lines = [STATUS_LINE[status]]
        lines += [b"%b: %b\r\n" % each for each in self.server_state.default_headers]
        lines += [b"content-type: text/plain; charset=utf-8\r\n", header]
        lines.append(b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
        self.transport.write(b"".join(lines))

    def _end(self, *, may_send: bool = False) -> None:
        """Close the connection, so that the client can read the response that was sent last.

        A client that still sends would be told of a broken connection rather than the response:
        what it sends is read, and dropped, for KEEP_ALIVE seconds (nginx: lingering_close).
        """
        self._refused = True
        if not (may_send or self._body is not None or self.flow.read_paused):
            self.transport.close()
            return
        self._held.drop()
        self._idle_since = self.loop.time()
        self.flow.release()
        if not self.transport.is_closing():
            self.transport.write_eof()

    def _lingers(self) -> bool:
        return self._refused
