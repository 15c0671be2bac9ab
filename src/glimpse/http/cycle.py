"""Cycle: one request and its answer on a connection of uvicorn's."""

from collections.abc import Iterable

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_START = "http.response.start"
_TEXT = bytes({0x09, *range(0x20, 0x100)} - {0x7F})  # what a header may have in it
_BODILESS = (204, 304)


class Cycle(RequestResponseCycle):
    """uvicorn's, but the head of an answer leaves together with the first of its body.

    That is a system call less for us, and a packet less for the client to wait for. That no header
    is two is seen of all of them at once.
    """

    _head = b""  # what is still to be sent of it

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn has types of its own
        """Take the next message of the application, as ASGI has it."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_complete or self.response_started is (message["type"] == _START):
            raise RuntimeError(f"{message['type']} is not what comes next.")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
            return
        self.response_started = True
        self.waiting_for_100_continue = False
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
            self.chunked_encoding = status not in _BODILESS
            if self.chunked_encoding:
                lines.append(b"transfer-encoding: chunked\r\n")
        head = b"".join(lines)
        if head.translate(None, _TEXT) != b"\r\n" * len(lines):
            raise RuntimeError("A header has more than one line.")
        return head + b"\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body, after the head if that is still here."""
        head, self._head = self._head, b""
        if self.scope["method"] == "HEAD":
            body = b""
            self.expected_content_length = 0
        elif self.chunked_encoding:
            end = b"" if more else b"0\r\n\r\n"
            body = b"%x\r\n%b\r\n%b" % (len(body), body, end) if body else end
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("The body is not as long as its header says.")
        self.transport.write(head + body if head else body)
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()
