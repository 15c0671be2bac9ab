"""AsgiRequest: runs the ASGI application for one request and writes its response."""

import asyncio
import http
import logging
from collections.abc import Callable, Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from glimpse.server.flow_control import FlowControl
from glimpse.server.request_head import Headers, RequestHead
from glimpse.telemetry.request_context import current_context

_LOG = logging.getLogger(__name__)

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_START = "http.response.start"
_VALID_IN_HEAD = bytes({0x09, *range(0x20, 0x100)} - {0x7F})  # RFC 9110, 5.5
_BODILESS = (204, 304)
_UNTIL_CLOSED = 1 << 64  # bytes, for a body of unknown length that ends with the connection
_LARGE_BODY = 16 * 1024  # bytes: copying as much costs more than a second buffer in one write
_ERROR_BODY = b"Internal Server Error"
_ERROR_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_ERROR_BODY)),
    (b"connection", b"close"),
)


def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


_STATUS_LINES = {status: _status_line(status) for status in range(100, 600)}


def render_error(status: int, text: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a complete response with a text body, after which the connection closes."""
    body = text.encode()
    lines = [_STATUS_LINES[status], *(b"%b: %b\r\n" % each for each in headers)]
    lines.append(b"content-type: text/plain; charset=utf-8\r\n")
    lines.append(b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
    return b"".join(lines)


def make_scope(
    head: RequestHead,
    client: tuple[str, int] | None,
    server: tuple[str, int] | None,
    lifespan_state: dict[str, Any],
) -> Scope:
    """Return the ASGI scope of a request. `client` and `server` are addresses of the connection."""
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": head.http_version,
        "server": server,
        "client": client,
        "scheme": "http",
        "method": head.method,
        "root_path": "",
        "path": head.path,
        "raw_path": head.raw_path,
        "query_string": head.query_string,
        "headers": head.headers,
        "state": lifespan_state.copy(),
    }


class AsgiRequest:
    """One request of a connection: `receive` and `send` of the ASGI application, and its run.

    The head of the response is sent together with the first part of its body: one system call less
    for the server, one packet less for the client. If the client does not get the whole response,
    ``scope["glimpse.incomplete_reason"]`` says why: "client", "timeout" or "memory".
    """

    def __init__(
        self,
        scope: Scope,
        transport: asyncio.Transport,
        flow: FlowControl,
        default_headers: Headers,
        on_response_complete: Callable[[], None],
        *,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        self.scope = scope
        self.body = bytearray()  # received, and not yet taken by the application
        self.more_body = True
        self.received = asyncio.Event()  # set when `receive` has something to return
        self.is_disconnected = False
        self.keep_alive = keep_alive
        self.has_started_response = False
        self.is_response_complete = False
        self._transport = transport
        self._flow = flow
        self._default_headers = default_headers
        self._on_response_complete = on_response_complete
        self._expects_continue = expects_continue  # the client waits for "100 Continue"
        self._head = b""  # of the response, until it is sent with the first part of the body
        self._is_chunked: bool | None = None  # None until the head says how the body is framed
        self._bytes_left = 0  # bytes of the response's body that are to come, if it is not chunked

    async def run(self, app: ASGIApp) -> None:
        """Run the application. If it does not complete the response, close the connection.

        If it has not started the response either, respond 500 first.
        """
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # by the shutdown, which logs that
            await self._fail()
        except BaseException as error:  # noqa: BLE001  a bug: the client waits
            if not current_context.get().is_exception_logged:
                _LOG.error("The application failed.", exc_info=error)
            await self._fail()
        else:
            if not self.is_response_complete and not self.is_disconnected:
                _LOG.error("The application returned before the response was complete.")
                await self._fail()
        finally:
            self._on_response_complete = _do_nothing  # it refers to the connection, which to this

    async def _fail(self) -> None:
        if self.has_started_response:
            self._transport.close()
            return
        await self.send({"type": _START, "status": 500, "headers": _ERROR_HEADERS})
        await self.send({"type": "http.response.body", "body": _ERROR_BODY})

    async def receive(self) -> Message:
        """Wait for the next part of the request's body, and return it.

        Return ``http.disconnect`` once the client disconnected or the response is complete. The
        first call sends 100 Continue if the client expects it.
        """
        if self._expects_continue and not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._expects_continue = False
        if not (self.is_disconnected or self.is_response_complete):
            self._flow.resume_reading()
            await self.received.wait()
            self.received.clear()
        if self.is_disconnected or self.is_response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """Send the head or a part of the body of the response.

        Returns when most of the message has left the process, so that an application that sends one
        part after another keeps little more than one part in memory. Does nothing after the client
        disconnected. Raises RuntimeError for a message that may not come next, a header with a
        control character (header injection), or a body that is not as long as its Content-Length.
        """
        flow = self._flow
        if flow.is_writing_paused and not self.is_disconnected:
            await flow.drain()
        if self.is_disconnected:
            return
        if self.is_response_complete or self.has_started_response is (message["type"] == _START):
            raise RuntimeError(f"The ASGI message {message['type']!r} may not come next.")
        if self.has_started_response:
            self._send_body(message.get("body", b""), has_more=message.get("more_body", False))
            if flow.is_writing_paused:
                await flow.drain()
                if flow.close_reason is not None:
                    self.scope["glimpse.incomplete_reason"] = flow.close_reason
            return
        self.has_started_response = True
        if self._expects_continue:  # the client may send the body now, or not: RFC 9110, 10.1.1
            self._expects_continue = self.keep_alive = False
        self._head = self._render_head(message["status"], message.get("headers", ()))

    def _render_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the status line and header lines; set how the body is framed."""
        lines = [_STATUS_LINES[status]]
        for name, value in (*self._default_headers, *headers):
            if name == b"content-length":
                self._bytes_left = int(value)
                self._is_chunked = False
            elif name == b"connection":
                self.keep_alive = self.keep_alive and value != b"close"
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self._is_chunked is None and self.scope["method"] != "HEAD":
            if status in _BODILESS:
                self._is_chunked = False
            elif self.scope["http_version"] == "1.0":  # RFC 9112, 6.1: until the connection ends
                self._bytes_left = _UNTIL_CLOSED
                self._is_chunked = False
            else:
                self._is_chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        head = b"".join(lines)
        if head.translate(None, _VALID_IN_HEAD) != b"\r\n" * len(lines):  # one pass over all lines
            raise RuntimeError("A response header has a control character in it.")
        return head + b"\r\n"

    def _send_body(self, body: bytes, *, has_more: bool) -> None:
        """Send a part of the body, and before the first part the head."""
        head, self._head = self._head, b""
        tail = b""
        if self.scope["method"] == "HEAD":
            body = b""
            self._bytes_left = 0
        elif self._is_chunked:
            if body:
                head += b"%x\r\n" % len(body)
                tail = b"\r\n"
            if not has_more:
                tail += b"0\r\n\r\n"
        else:
            self._bytes_left -= len(body)
            if self._bytes_left < 0 or (0 < self._bytes_left < _UNTIL_CLOSED // 2 and not has_more):
                raise RuntimeError("The response's body is not as long as its Content-Length.")
        if len(body) > _LARGE_BODY:
            self._transport.writelines([part for part in (head, body, tail) if part])
        else:
            self._transport.write(head + body + tail)
        if not has_more:
            self.is_response_complete = True
            self.received.set()
            self._on_response_complete()


def _do_nothing() -> None:
    """Do nothing: replaces a callback that has been called."""
