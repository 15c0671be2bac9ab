"""Connection: HTTP/1.1 with one server, one request at a time.

A server may be broken or hostile: whatever it sends, a response takes a bounded number of bytes.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import httptools

from glimpse.upstream.errors import ConnectionLost, ProtocolError, ResponseTooLarge
from glimpse.upstream.response_budget import ResponseBudget, Waiting
from glimpse.upstream.urls import strip_credentials

_MOST_HEAD_BYTES = 64 * 1024  # with those of interim responses (1xx) before it, and its trailers
_HEADER_OVERHEAD = 100  # each takes as much memory, however short it is
# Of the body of a redirect or an error, so much is read, and the connection closed after it: a
# reason that somebody may read is in the first few hundred bytes.
_MOST_ERROR_BYTES = 64_000
_FIRST_WITHOUT_DOCUMENT = 300  # the lowest status code of such a response
# A body of at most so many bytes is read without a share of the budget.
_SMALL_BYTES = 256 * 1024
_LENGTH_DIGITS = 20  # of a Content-Length; more are not looked at
_NO_ANSWER = "the connection ended before an answer"
_TOO_LARGE = "the answer is too large"
_FIRST_FINAL_STATUS = 200
_CONTENT_LENGTH = b"content-length"
_REDIRECTS = frozenset((301, 302, 303, 305, 307, 308))
_LONGEST_SHOWN = 500
_FRAMED = frozenset((_CONTENT_LENGTH, b"transfer-encoding"))


class Response(NamedTuple):
    """A response, read whole; the headers' names as the server wrote them.

    The body of a redirect or an error (a status code of 300 or more) may be only its beginning.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def redirect(self) -> str | None:
        """Where a redirect leads, for a log: without user, password and query, in ASCII.

        None for another response. Redirects are never followed: requests carry secrets.
        """
        if self.status not in _REDIRECTS:
            return None
        target = (self.header(b"location") or "nowhere").partition("?")[0]
        return strip_credentials(target[:_LONGEST_SHOWN]).encode("unicode_escape").decode()

    def header(self, name: bytes) -> str | None:
        """The first header of a lower-case `name`."""
        for each, value in self.headers:
            if each.lower() == name:
                return value.decode("latin-1")
        return None


class Connection(asyncio.Protocol):
    """A connection that exists; `lost` is told when it does no more.

    `silence` is how many seconds the server may say nothing while an answer is due. What a server
    says when nobody asked it ends the connection. A large body is read when `budget` has room.
    """

    def __init__(
        self, silence: float, lost: Callable[["Connection"], None], budget: ResponseBudget
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._silence = silence
        self._lost = lost
        self._budget = budget
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._look: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._room = 0
        self._head_room = 0
        self._max_response_bytes = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._has_head = False
        self._reserved = 0
        self._waiting: Waiting | None = None
        self.idle_since = 0.0

    async def ask(self, request: bytes, max_response_bytes: int) -> Response:
        """Send a request, read its answer.

        Raises ConnectionLost if the connection ends before the head of the response is there,
        ProtocolError if the response is malformed or incomplete, ResponseTooLarge above
        `max_response_bytes`, TimeoutError for a silence. After any of them, and when it is cancelled, the
        connection is of no more use.
        """
        if self._transport.is_closing():
            raise ConnectionLost(_NO_ANSWER)
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        self._max_response_bytes = max_response_bytes
        # Chunks are framed; a server that sends tiny ones costs more time than memory.
        self._room = max_response_bytes + max_response_bytes // 4 + _MOST_HEAD_BYTES
        self._head_room = _MOST_HEAD_BYTES
        self._has_head = False
        self._heard_at = self._loop.time()
        if self._look is None:
            self._look = self._loop.call_later(self._silence, self._look_at_time)
        self._transport.write(request)
        try:
            return await answer
        finally:
            if self._answer is not None:
                self._transport.abort()
            if self._reserved or self._waiting:
                self._give_back()

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked again."""
        return self._answer is None and not self._transport.is_closing()

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._answer is None:
            self._transport.abort()
            return
        self._heard_at = self._loop.time()
        self._room -= len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(ProtocolError("the answer is not HTTP"))
        if not self._has_head:  # nor has any header been told that is not whole
            self._head_room -= len(data)
        if self._room < 0 or self._head_room < 0:
            self._fail(ResponseTooLarge(_TOO_LARGE))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        """See asyncio.Protocol. The end of the connection may be that of the answer."""
        if self._look is not None:
            self._look.cancel()
        if self._answer is not None:
            if not self._has_head:
                self._fail(ConnectionLost(_NO_ANSWER))
            elif any(name.lower() in _FRAMED for name, _ in self._headers):
                self._fail(ProtocolError("the connection ended within the answer"))
            else:
                self.on_message_complete()
        self._lost(self)

    def on_message_begin(self) -> None:
        """Begin an answer; what nobody asked for must not be taken for that of the next request."""
        if self._answer is None:
            self._transport.abort()
        self._headers = []
        self._body = bytearray()
        self._has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer, which comes after the body, is only counted."""
        self._head_room -= len(name) + len(value) + _HEADER_OVERHEAD
        if self._head_room >= 0 and not self._has_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Know that the body comes next, and make room for it if it says how long it is."""
        self._has_head = True
        length = 0 if self._is_partial() else _content_length(self._headers)
        if length > self._max_response_bytes or self._head_room < 0:
            self._fail(ResponseTooLarge(_TOO_LARGE))
        elif length > _SMALL_BYTES:
            self._reserve(length)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        if self._answer is None:
            return  # it was given already
        self._body += part
        size = len(self._body)
        if self._is_partial():
            if size > _MOST_ERROR_BYTES:
                del self._body[_MOST_ERROR_BYTES:]
                self._transport.abort()
                self._give_answer()
        elif size > self._max_response_bytes:
            self._fail(ResponseTooLarge(_TOO_LARGE))
        elif size > _SMALL_BYTES:
            self._reserve(self._max_response_bytes)

    def on_message_complete(self) -> None:
        """Give the answer to who waits for it."""
        if self._answer is None:
            return
        if self._parser.get_status_code() < _FIRST_FINAL_STATUS:
            self._has_head = False  # another is to follow
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        elif self._waiting is not None:
            self._transport.resume_reading()  # all of it was there before there was room
        self._give_answer()

    def _is_partial(self) -> bool:
        """Whether only the beginning of the body is read: that of a redirect or an error."""
        return self._parser.get_status_code() >= _FIRST_WITHOUT_DOCUMENT

    def _give_answer(self) -> None:
        response = Response(self._parser.get_status_code(), self._headers, bytes(self._body))
        self._body = bytearray()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(response)
        self._answer = None

    def _reserve(self, size: int) -> None:
        """Go on reading when the budget has room for `size` bytes."""
        if self._reserved or self._answer is None:
            return
        self._reserved = size
        self._waiting = self._budget.reserve(size, self._granted)
        if self._waiting is not None:
            self._transport.pause_reading()

    def _granted(self) -> None:
        self._waiting = None
        self._heard_at = self._loop.time()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _give_back(self) -> None:
        size, waiting = self._reserved, self._waiting
        self._reserved, self._waiting = 0, None
        if waiting is not None:
            self._budget.cancel(waiting)
        else:
            self._budget.release(size)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_exception(error)
            self._answer = None
        self._body = bytearray()
        self._transport.abort()

    def _look_at_time(self) -> None:
        """Fail if nothing was heard for too long; if not, say when to look again."""
        self._look = None
        if self._answer is None:
            return
        if self._waiting is not None:  # it is not the server that is silent
            self._heard_at = self._loop.time()
        left = self._heard_at + self._silence - self._loop.time()
        if left > 0:
            self._look = self._loop.call_later(left, self._look_at_time)
        else:
            self._fail(TimeoutError(f"silent for {self._silence:g} s"))


def _content_length(headers: list[tuple[bytes, bytes]]) -> int:
    """What Content-Length says; 0 without one."""
    for name, value in headers:
        if len(name) == len(_CONTENT_LENGTH) and name.lower() == _CONTENT_LENGTH:
            return int(value) if len(value) <= _LENGTH_DIGITS and value.isdigit() else 0
    return 0
