"""HttpProtocol: one client connection; reads HTTP/1.1 requests and runs the application.

HttpProtocol does not use uvicorn; `uvicorn_overrides` passes it to uvicorn.
"""

import asyncio
from typing import Any, cast

from starlette.types import ASGIApp

from glimpse.server.asgi_request import AsgiRequest
from glimpse.server.asgi_scope import make_scope
from glimpse.server.body_decoding import ChunkedBody, RequestBody, SizedBody
from glimpse.server.decode_queue import DECODE_QUEUE
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.server.flow_control import FlowControl
from glimpse.server.lingering_connection import LingeringConnection
from glimpse.server.request_buffer import RequestBuffer
from glimpse.server.request_head import (
    MAX_HEAD,
    HeadParser,
    RequestHead,
    RequestRefused,
    check_incomplete_head,
)
from glimpse.server.server_state import ServerState

_HEAD_END = b"\r\n\r\n"
_MAX_BODY_BUFFERED = 64 * 1024  # bytes of a body that the application has not taken yet
_TOO_MANY_CONNECTIONS = RequestRefused(503, "Too many connections are open.")


class HttpProtocol(LingeringConnection):
    """Serves the requests of one connection, one after another.

    A request is parsed when the response to the previous request is complete. If bytes of a request
    arrive earlier, these bytes are buffered, and reading pauses. An invalid request gets a response
    with an error status, unless another response is being sent; then the connection closes.
    """

    def __init__(
        self,
        app: ASGIApp,
        server_state: ServerState,
        lifespan_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.loop = loop
        self._app = app
        self._server_state = server_state
        self._lifespan_state = lifespan_state
        self._head_parser = HeadParser()
        self._buffer = RequestBuffer()  # an incomplete head, or requests to be parsed later
        self._body: RequestBody | None = None  # of the current request, until it has ended
        self._undecoded = b""  # chunks of the body that are decoded next

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to serve the connection, and add it to the server's `connections`.

        If too few file descriptors are left, respond 503 with Retry-After, and close the connection
        instead.
        """
        self.transport = cast("asyncio.Transport", transport)  # always so for TCP
        self.flow = FlowControl(self.transport)
        self._server = _address(transport.get_extra_info("sockname"))
        self._client = _address(transport.get_extra_info("peername"))
        self._server_state.connections.add(self)
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and not DESCRIPTORS.admit(descriptor := connection.fileno()):
            self._send_error(_TOO_MANY_CONNECTIONS, (b"retry-after", b"5"))
            self._close_after_response(linger=DESCRIPTORS.can_linger(descriptor))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the last request that the client has disconnected, and empty the buffer.

        Calls of `send` that wait for the client return. The connection is removed from the server's
        `connections`.
        """
        self._server_state.connections.discard(self)
        self._buffer.drop()
        super().connection_lost(exc)
        request = self.request
        if request is not None:
            request.disconnect()
        self.flow.resume_writing()

    def shutdown(self) -> None:
        """Close the connection: at once, or after the response to a request in progress.

        A request with an incomplete head is not in progress.
        """
        request = self.request
        if self._is_lingering or request is None or request.is_response_complete:
            self.transport.close()
        else:
            request.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Process bytes from the client; drop the bytes after the connection's last response.

        An invalid request is logged, and gets an error response unless another response is being
        sent. Then the connection closes.
        """
        if self._is_lingering:
            return
        self._received_at = self.loop.time()
        self._process_or_refuse(data)

    def _process_or_refuse(self, data: bytes) -> None:
        """Call `_process`; if RequestRefused is raised, call `_refuse`, which closes."""
        try:
            self._process(data)
        except RequestRefused as refused:
            self._refuse(refused)

    def _process(self, data: bytes) -> None:
        """Process bytes of the current body, then of later requests.

        Bytes of later requests start a request, or are buffered while a request is in progress or
        the head is incomplete. Raises RequestRefused for an invalid or too large head or body, and
        if all buffers together are too full.
        """
        request, body = self.request, self._body
        if request is not None and body is not None:
            data = self._read_body(request, body, data)
        if data:
            if request is None or request.is_response_complete:
                self._read_head(data)
            else:
                self._buffer_request(data)

    def _read_head(self, data: bytes) -> None:
        """Start a request if `data` completes a head; otherwise buffer `data`.

        Call this method while no request is in progress. Empty lines before a head are dropped. The
        bytes after the head are processed with `_process`.

        Raises RequestRefused if the head is invalid or too large, if the buffers of all connections
        together are too full, or if the bytes after the head are invalid.
        """
        buffer = self._buffer
        new_from = len(buffer)
        if new_from:
            buffer += data
            end = buffer.find(_HEAD_END, max(0, new_from - 3))
        else:
            data = data.lstrip(b"\r\n")  # RFC 9112, 2.2: some clients end a body with a line
            if not data:
                return
            end = data.find(_HEAD_END)
            if end < 0:
                buffer += data
        self._idle_since = None
        if end < 0:
            if self._head_since is None or not new_from:
                self._head_since = self._received_at
            check_incomplete_head(buffer, new_from)
            buffer.count_size()
            return
        if new_from:
            data = bytes(buffer)
            buffer.drop()
        end += len(_HEAD_END)
        if end > MAX_HEAD:
            raise RequestRefused(431, "The headers are too large.")
        self._head_since = None
        self._start_request(self._head_parser.parse(data if end == len(data) else data[:end]))
        if end < len(data):
            self._process(data[end:])

    def _start_request(self, head: RequestHead) -> None:
        """Start a task that runs the application; the body of the request may arrive later.

        Sets `request`, and `_body` if a body follows. The server's `tasks` have the task until it
        ends.
        """
        self.request = request = AsgiRequest(
            make_scope(head, self._client, self._server, self._lifespan_state),
            self.transport,
            self.flow,
            self._server_state.default_headers,
            self._on_response_complete,
            keep_alive=head.keep_alive,
            expects_continue=head.expects_continue,
        )
        length = head.body_length
        if length == 0:
            request.more_body = False
            request.received.set()
        else:
            self._body = ChunkedBody() if length is None else SizedBody(length)
            self._body_since, self._body_bytes = self._received_at, 0
        request.task = task = self.loop.create_task(request.run(self._app))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def _read_body(self, request: AsgiRequest, body: RequestBody, data: bytes) -> bytes:
        """Pass content of the body to the application, and return the bytes after the body.

        If `data` has too many chunks for one call of `decode`, the rest is decoded later, and the
        result is empty. Reading pauses while the application has more than 64 KiB to take. Content
        is dropped if the response is complete. At the end of the body, sets `_body` to None and
        `request.more_body` to False. Raises RequestRefused if the body is malformed.
        """
        content, rest = body.decode(data)
        self._body_bytes += len(data) - len(rest)
        if rest and not body.is_complete:
            self._decode_later(rest)
            rest = b""
        if content and not request.is_response_complete:
            request.body += content
            if len(request.body) > _MAX_BODY_BUFFERED:
                self.flow.pause_reading()
        if body.is_complete:
            self._body = self._body_since = None
            request.more_body = False
            if request.is_response_complete:
                self._idle_since = self._received_at
        if body.is_complete or content:
            request.received.set()
        return rest

    def _decode_later(self, data: bytes) -> None:
        """Keep `data` for `_decode_chunks`, which DECODE_QUEUE calls; pause reading until then."""
        self._undecoded = data
        self.flow.keep_reading_paused()
        DECODE_QUEUE.add(self.loop, self._decode_chunks)

    def _decode_chunks(self) -> None:
        """Decode the chunks that `_decode_later` kept. DECODE_QUEUE calls this method.

        If there are too many chunks for one call, the rest is queued again. Bytes after the body
        start the next request if the response is complete; otherwise they are buffered. If bytes
        are malformed, the connection closes; first the client gets an error response, unless
        another response is being sent.

        Reading resumes if all chunks are decoded, and no later request waits for the response.
        While the response is incomplete, reading resumes only if the application has at most 64 KiB
        to take. Does nothing on a closing connection.
        """
        data, self._undecoded = self._undecoded, b""
        if self._is_lingering or self.transport.is_closing():
            return
        self.flow.allow_resuming()
        self._process_or_refuse(data)
        if self._is_lingering or self.transport.is_closing():
            return
        request = self.request
        if request and (request.is_response_complete or len(request.body) <= _MAX_BODY_BUFFERED):
            self.flow.resume_reading()

    def _buffer_request(self, data: bytes) -> None:
        """Buffer bytes of later requests; pause reading until the current response is complete.

        Empty lines before the first later request are dropped. Raises RequestRefused (503) if the
        buffers of all connections together are too full.
        """
        if not self._buffer:
            data = data.lstrip(b"\r\n")
        if data:
            self._buffer += data
            self._buffer.count_size()
            self.flow.keep_reading_paused()

    def _on_response_complete(self) -> None:
        """Count the response. Start the next request, or close a connection without keep-alive.

        The next request comes from the buffer; an invalid one gets an error response. If the buffer
        is empty, reading resumes, unless chunks have yet to be decoded. If the connection is
        already closing, only the count changes.
        """
        self._server_state.total_requests += 1
        request = self.request
        if self.transport.is_closing() or request is None:
            return
        if not request.keep_alive:
            self._close_after_response()
            return
        if self._body is None:
            self._idle_since = self.loop.time()
        if not self._buffer:
            self.flow.resume_reading()
            return
        buffered = bytes(self._buffer)
        self._buffer.drop()
        self._received_at = self.loop.time()
        self.flow.allow_resuming()
        self.flow.resume_reading()
        self._process_or_refuse(buffered)


def _address(address: Any) -> tuple[str, int] | None:
    """Return host and port of a TCP socket's address; None for another kind of address."""
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
