"""AsgiRequest: runs the ASGI application for one request and writes its response."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Scope

from glimpse.http.reset_exception import ResetConnection
from glimpse.server.error_response import STATUS_LINES
from glimpse.server.flow_control import FlowControl
from glimpse.server.request_head import Headers
from glimpse.server.tcp_reset import reset_connection
from glimpse.telemetry.request_context import current_context

_LOG = logging.getLogger(__name__)

_START = "http.response.start"
_VALID_IN_HEAD = bytes({0x09, *range(0x20, 0x100)} - {0x7F})  # RFC 9110, 5.5
_BODILESS = (204, 304)
_SAFE = ("GET", "HEAD")
_UNTIL_CLOSED = 1 << 64  # bytes; for a body of unknown length, whose end is the connection's end
_LARGE_BODY = 16 * 1024  # bytes; above this, writing two buffers is faster than joining them
_FAILED = "Internal Server Error"
_STOPPING = "The server is stopping. Send the request again."


class AsgiRequest:
    """One request: calls the application with `receive` and `send`, and writes the response.

    The caller has to do this:

    - Start a task that runs `run`, and assign it to `task`.
    - Add content of the request's body to `body` when it arrives, and set `more_body` to False at
      the end of the body. After each of these changes, set the event `received`.

    `keep_alive` is True if the connection may stay open after the response. `expects_continue` is
    True if the client waits for 100 Continue. `on_response_complete` is called at most once, when
    the last part of the response has been sent. `default_headers` are sent before the application's
    headers.

    If the kernel does not get the whole response, ``scope["glimpse.incomplete_reason"]`` has the
    reason. Otherwise the scope has no such key.

    - "client": the client disconnected or sent a malformed body, or the server closed the
      connection for a reason that is not listed here.
    - "timeout": the client was too slow.
    - "memory": the unsent responses of all clients together took too much memory.
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
        self.task: asyncio.Task[None]  # runs `run`
        self.keep_alive = keep_alive
        self.has_started_response = False
        self.is_response_complete = False
        self._transport = transport
        self._flow = flow
        self._default_headers = default_headers
        self._on_response_complete = on_response_complete
        self._expects_continue = expects_continue  # the client waits for "100 Continue"
        self._head = b""  # of the response, until it is sent with the first part of the body
        self._is_chunked: bool | None = None  # is the response's body chunked? None: not known yet
        self._bytes_left = 0  # bytes of the response's body that must follow; 0 if it is chunked

    async def run(self, app: ASGIApp) -> None:
        """Run the application until it returns. Exceptions of the application do not get out.

        Before the application starts, waits until the kernel has taken the whole previous response.
        So a client that does not read has only one response in memory. When the application has
        ended, a client that is still connected gets:

        - 500 if the application raised an exception. The exception is logged, unless
          `RequestMiddleware` has logged it already.
        - 500 if the application returned before the response was complete. An error is logged.
        - 503 with Retry-After if the shutdown cancelled the task. Nothing is logged here.
        - a TCP reset if the application raised ResetConnection. Nothing is logged.

        After a 500 or 503, the connection closes. If a response has already started, the connection
        closes without a 500 or 503.
        """
        try:
            if self._flow.is_writing_paused:  # the previous response is not sent yet
                await self._flow.drain()
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # `disconnect` or the shutdown (which logs it) cancelled
            await self._fail(503, _STOPPING, (b"retry-after", b"1"))
        except ResetConnection:
            reset_connection(self._transport)
        except BaseException as error:  # noqa: BLE001  a bug: the client waits
            if not current_context.get().is_exception_logged:
                _LOG.error("The application failed.", exc_info=error)
            await self._fail(500, _FAILED)
        else:
            if not self.is_response_complete and not self.is_disconnected:
                _LOG.error("The application returned before the response was complete.")
                await self._fail(500, _FAILED)
        finally:
            self._on_response_complete = _do_nothing  # ends a reference cycle

    def disconnect(self) -> None:
        """Record that the connection has closed, so that `receive` returns ``http.disconnect``.

        If the method is GET or HEAD and no response has started, the task is cancelled. Otherwise
        the application goes on, because a write must not be left half done. Further calls of `send`
        do nothing.
        """
        self.is_disconnected = not self.is_response_complete
        self.received.set()
        if self.is_disconnected and self.scope["method"] in _SAFE and not self.has_started_response:
            self.task.cancel()

    async def _fail(self, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        """Send a plain-text error response, with additional `headers`, and close the connection.

        If a response has started, only close the connection. If the client has disconnected, do
        nothing.
        """
        if self.has_started_response:
            self._transport.close()
            return
        body = text.encode()
        framing = (b"content-length", b"%d" % len(body)), (b"connection", b"close")
        headers = (*headers, (b"content-type", b"text/plain; charset=utf-8"), *framing)
        await self.send({"type": _START, "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def receive(self) -> Message:
        """Return the next part of the request's body, as soon as a part has arrived.

        If reading from the client is paused, reading resumes. If the client waits for 100 Continue
        and no response has started, sends 100 Continue first.

        Returns ``http.disconnect`` if the client has disconnected or the response is complete. If
        the last part of the body has been returned, waits until one of the two happens.
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
        """Send the head of the response, or a part of its body.

        The head is kept, and sent together with the first part of the body, to save a system call
        and a packet. If the client still waits for 100 Continue when the response starts, the
        connection closes after the response.

        Waits until the kernel has taken all data, before and after a part of the body is sent. So
        unsent parts do not pile up in memory. Does nothing if the client has disconnected, and
        returns without an error if the client disconnects during a wait.

        Raises RuntimeError for a message that may not come next, such as a second head. Raises the
        following errors, after which the response cannot be completed:

        - RuntimeError for an invalid header, or a body that does not have its Content-Length.
        - KeyError for an invalid status.
        - ValueError for a Content-Length that is not a number.
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
        """Return the bytes of the response's head, and decide how the end of the body is marked.

        - With a Content-Length in `headers`, the body must have that length.
        - Without Content-Length, the body of a 204 or 304 must be empty. Any other body is chunked,
          but in HTTP/1.0, it ends when the connection closes.
        - For HEAD, the body is not sent, whatever its length is.

        Names in `headers` are in lower case. `default_headers` come first. ``connection: close`` in
        `headers` sets `keep_alive` to False. The head has ``connection: close`` if `keep_alive` is
        False, and otherwise no Connection header.

        Raises RuntimeError for a header with a control character other than tab, KeyError for a
        status outside 100 to 599, and ValueError for a Content-Length that is not a number.
        """
        lines = [STATUS_LINES[status]]
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
        """Send a part of the body; with the first part, also send the head.

        If `has_more` is False, the response is complete, and `on_response_complete` is called. For
        HEAD, only the head is sent. Raises RuntimeError, and sends nothing, if the body becomes
        longer than its Content-Length, if its end comes too early, or if a 204 or 304 has a body.
        """
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
        self._flow.last_write = len(head) + len(body) + len(tail)
        if len(body) > _LARGE_BODY:
            self._transport.writelines([part for part in (head, body, tail) if part])
        else:
            self._transport.write(head + body + tail)
        if not has_more:
            self.is_response_complete = True
            self.received.set()
            self._on_response_complete()


def _do_nothing() -> None:
    """Do nothing: replaces the callback `on_response_complete` of a request that has ended.

    The callback refers to the connection, and the connection to the request. Without that cycle,
    both are freed at once, without the garbage collector.
    """
