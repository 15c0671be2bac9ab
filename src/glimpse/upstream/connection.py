"""Connection: HTTP/1.1 with one server, one request at a time."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import httptools

from glimpse.upstream.errors import AnswerTooLarge, BrokenAnswer, Disconnected

_MOST_HEAD_BYTES = 64 * 1024
_NO_ANSWER = "the connection ended before an answer"
_TOO_LARGE = "the answer is too large"
_FIRST_FINAL_STATUS = 200
_FRAMED = frozenset((b"content-length", b"transfer-encoding"))


class Response(NamedTuple):
    """An answer, read whole; the headers' names as the server wrote them."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """The first header of a lower-case `name`."""
        for each, value in self.headers:
            if each.lower() == name:
                return value.decode("latin-1")
        return None


class Connection(asyncio.Protocol):
    """A connection that exists; `lost` is told when it does no more.

    `silence` is how many seconds the server may say nothing while an answer is due. What a server
    says when nobody asked it ends the connection.
    """

    def __init__(self, silence: float, lost: Callable[["Connection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._silence = silence
        self._lost = lost
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._look: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._room = 0
        self._most_bytes = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._has_head = False
        self.idle_since = 0.0

    async def ask(self, request: bytes, most_bytes: int) -> Response:
        """Send a request, read its answer.

        Raises Disconnected if the connection ends before the head of it is there, BrokenAnswer if
        it makes no sense or is not complete, AnswerTooLarge above `most_bytes`, TimeoutError for a
        silence. After any of them, and when it is cancelled, the connection is of no more use.
        """
        if self._transport.is_closing():
            raise Disconnected(_NO_ANSWER)
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        self._most_bytes = most_bytes
        self._room = 2 * most_bytes + _MOST_HEAD_BYTES  # chunks are framed
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
            self._fail(BrokenAnswer("the answer is not HTTP"))
        if self._room < 0:
            self._fail(AnswerTooLarge(_TOO_LARGE))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        """See asyncio.Protocol. The end of the connection may be that of the answer."""
        if self._look is not None:
            self._look.cancel()
        if self._answer is not None:
            if not self._has_head:
                self._fail(Disconnected(_NO_ANSWER))
            elif any(name.lower() in _FRAMED for name, _ in self._headers):
                self._fail(BrokenAnswer("the connection ended within the answer"))
            else:
                self.on_message_complete()
        self._lost(self)

    def on_message_begin(self) -> None:
        """Begin an answer; what nobody asked for must not be taken for that of the next request."""
        if self._answer is None:
            self._transport.abort()
        self._headers = []
        self._body = []
        self._size = 0
        self._has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Know that the body comes next."""
        self._has_head = True

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._size += len(part)
        if self._size > self._most_bytes:
            self._fail(AnswerTooLarge(_TOO_LARGE))
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """Give the answer to who waits for it."""
        if self._answer is None:
            return
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            self._has_head = False  # another is to follow
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        response = Response(status, self._headers, b"".join(self._body))
        if not self._answer.done():
            self._answer.set_result(response)
        self._answer = None

    def _fail(self, error: Exception) -> None:
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_exception(error)
            self._answer = None
        self._transport.abort()

    def _look_at_time(self) -> None:
        """Fail if nothing was heard for too long; if not, say when to look again."""
        self._look = None
        if self._answer is None:
            return
        left = self._heard_at + self._silence - self._loop.time()
        if left > 0:
            self._look = self._loop.call_later(left, self._look_at_time)
        else:
            self._fail(TimeoutError(f"silent for {self._silence:g} s"))
