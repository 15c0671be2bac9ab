"""Cycle: one request and its response on a connection of uvicorn's."""

from collections.abc import Iterable

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from glimpse.server.client_timeouts import ClientFlow

_START = "http.response.start"
_TEXT = bytes({0x09, *range(0x20, 0x100)} - {0x7F})  # what a header may have in it
_BODILESS = (204, 304)
_UNTIL_CLOSED = 1 << 64  # bytes, for a body of no known length that is not chunked
_LARGE = 16 * 1024  # bytes of a body that is not worth a copy for one write less


class Cycle(RequestResponseCycle):
    """uvicorn's, but the head of a response leaves together with the first of its body.

    That is a system call less for the server, and a packet less for the client to wait for. Header
    injection is rejected in one pass over all header lines. A response that the client did not
    take to its end leaves the reason in the scope, as ``glimpse.cut``.
    """

    flow: ClientFlow
    _head = b""  # what is still to be sent of it

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn has types of its own
        """Take the next message of the application, as ASGI has it.

        Returns when the client, or the kernel, has taken most of it: an application that sends one
        piece after another holds little more than one.
        """
        flow = self.flow
        if flow.write_paused and not self.disconnected:
            await flow.drain()
        if self.disconnected:
            return
        if self.response_complete or self.response_started is (message["type"] == _START):
            raise RuntimeError(f"{message['type']} is not what comes next.")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
            if flow.write_paused:
                await flow.drain()
                if flow.cut is not None:
                    self.scope["glimpse.cut"] = flow.cut  # type: ignore[typeddict-unknown-key]
            return
        self.response_started = True
        if self.waiting_for_100_continue:  # whether the body comes now is the client's choice
            self.waiting_for_100_continue = self.keep_alive = False
        self._head = self._rendered_head(message["status"], message.get("headers", ()))

    def _rendered_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The status line and the headers; those that frame the body are taken note of."""
        lines = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *headers):
            if name == b"content-length":
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"connection":
                self.keep_alive = self.keep_alive and value != b"close"
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD":
            if status in _BODILESS:
                self.chunked_encoding = False
            elif self.scope["http_version"] == "1.0":  # RFC 9112, 6.1: the end of the connection
                self.expected_content_length = _UNTIL_CLOSED
                self.chunked_encoding = False
            else:
                self.chunked_encoding = True
                lines.append(b"transfer-encoding: chunked\r\n")
        head = b"".join(lines)
        if head.translate(None, _TEXT) != b"\r\n" * len(lines):
            raise RuntimeError("A header has more than one line.")
        return head + b"\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body, after the head if that is still here."""
        head, self._head = self._head, b""
        tail = b""
        if self.scope["method"] == "HEAD":
            body = b""
            self.expected_content_length = 0
        elif self.chunked_encoding:
            if body:
                head += b"%x\r\n" % len(body)
                tail = b"\r\n"
            if not more:
                tail += b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            left = self.expected_content_length
            if left < 0 or (0 < left < _UNTIL_CLOSED // 2 and not more):
                raise RuntimeError("The body is not as long as its header says.")
        if len(body) > _LARGE:
            self.transport.writelines([part for part in (head, body, tail) if part])
        else:
            self.transport.write(head + body + tail)
        if not more:
            self.response_complete = True
            self.message_event.set()
            self.on_response()
