"""Connection: HTTP/1.1 with one server, one request at a time.

A server may send anything, but a response never takes more than a bounded number of bytes.
"""

import asyncio
from collections.abc import Callable

import httptools

from glimpse.upstream.errors import ConnectionLost, ProtocolError, ResponseTooLarge
from glimpse.upstream.response_memory import PendingReservation, ResponseMemory
from glimpse.upstream.transport import Response

_MAX_HEAD_BYTES = 64 * 1024  # of a response with its interim responses (1xx) and its trailers
_HEADER_OVERHEAD = 100  # bytes of memory that a header takes besides its text
# The bytes that are read of the body of a redirect or an error. The connection is closed after
# them. A reason for a person to read is in the first few hundred bytes.
_MAX_ERROR_BYTES = 64_000
_FIRST_STATUS_WITHOUT_DOCUMENT = 300  # from here on, a body belongs to a redirect or an error
# A body of at most this size is read without a share of the memory.
_SMALL_BYTES = 256 * 1024
_MAX_LENGTH_DIGITS = 20  # of a Content-Length
_NO_RESPONSE = "the connection closed before a response"
_TOO_LARGE = "the response is too large"
_FIRST_FINAL_STATUS = 200
_CONTENT_LENGTH = b"content-length"
_FRAMING_HEADERS = frozenset((_CONTENT_LENGTH, b"transfer-encoding"))


class Connection(asyncio.Protocol):
    """An open keep-alive connection to a server, for one request at a time.

    Calls `on_close` when either side has closed the connection. `read_timeout` is the longest wait
    in seconds for more of a response. Bytes that arrive outside a response close the connection. If
    a body is larger than 256 KiB, reading pauses until `memory` has room for the body.

    Implements asyncio.Protocol, and the callbacks of httptools (`on_message_begin`, `on_header`,
    `on_headers_complete`, `on_body`, `on_message_complete`).
    """

    def __init__(
        self,
        read_timeout: float,
        on_close: Callable[["Connection"], None],
        memory: ResponseMemory,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_timeout = read_timeout
        self._on_close = on_close
        self._memory = memory
        self._parser = httptools.HttpResponseParser(self)
        self._response: asyncio.Future[Response] | None = None  # None: no request in progress
        self._timer: asyncio.TimerHandle | None = None
        self._received_at = 0.0
        self._bytes_left = 0
        self._head_bytes_left = 0
        self._max_response_bytes = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._has_head = False
        self._reserved_bytes = 0
        self._pending: PendingReservation | None = None
        self.idle_since = 0.0  # set by the pool, in seconds of the event loop's clock

    async def send(self, request: bytes, max_response_bytes: int) -> Response:
        """Send an encoded request and return the response. Call this only if `is_usable` is True.

        Raises ConnectionLost if the connection closes before the head of the response is complete.
        Raises ProtocolError if the response is malformed or incomplete. Raises ResponseTooLarge for
        a body of more than `max_response_bytes`, for a head of more than 64 kB, and for a body in
        so tiny chunks that their framing is too long. Raises TimeoutError if nothing arrives for
        `read_timeout`; waits for `memory` do not count. After any error or cancellation, the
        connection is closed.

        The body of a redirect or an error (status code 300 or more) is truncated to 64,000 bytes.
        After a truncated body, the connection is closed.
        """
        if self._transport.is_closing():
            raise ConnectionLost(_NO_RESPONSE)
        response: asyncio.Future[Response] = self._loop.create_future()
        self._response = response
        self._max_response_bytes = max_response_bytes
        # The framing of chunks may add a quarter. Tiny chunks, which add more, cost CPU time.
        self._bytes_left = max_response_bytes + max_response_bytes // 4 + _MAX_HEAD_BYTES
        self._head_bytes_left = _MAX_HEAD_BYTES
        self._has_head = False
        self._received_at = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._read_timeout, self._check_timeout)
        self._transport.write(request)
        try:
            return await response
        except BaseException:  # also a cancellation just after the response was complete
            self._transport.abort()
            raise
        finally:
            if self._reserved_bytes or self._pending:
                self._release_reservation()

    @property
    def is_usable(self) -> bool:
        """True if the connection is open and no request is in progress."""
        return self._response is None and not self._transport.is_closing()

    def close(self) -> None:
        """Close the connection at once.

        A `send` in progress raises ProtocolError if the head of the response is complete, otherwise
        ConnectionLost.
        """
        self._fail_as_closed()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to send requests."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a stream

    def data_received(self, data: bytes) -> None:
        """Parse bytes of a response.

        A malformed or too large response fails the request and closes the connection. Bytes that
        arrive while no request is in progress also close the connection.
        """
        if self._response is None:
            self._transport.abort()
            return
        self._received_at = self._loop.time()
        self._bytes_left -= len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(ProtocolError("the response is not HTTP"))
        if not self._has_head:  # on_header counts only complete headers
            self._head_bytes_left -= len(data)
        if self._bytes_left < 0 or self._head_bytes_left < 0:
            self._fail(ResponseTooLarge(_TOO_LARGE))

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request in progress, and call `on_close`.

        A response with neither Content-Length nor Transfer-Encoding is complete if the connection
        closed without an error. Any other response in progress fails as in `close`.
        """
        if self._timer is not None:
            self._timer.cancel()
        if self._response is not None:
            has_length = any(name.lower() in _FRAMING_HEADERS for name, _ in self._headers)
            if exc is not None or has_length or not self._has_head:
                self._fail_as_closed()
            else:
                self.on_message_complete()
        self._on_close(self)

    def on_message_begin(self) -> None:
        """Forget the previous response. If no request is in progress, close the connection."""
        if self._response is None:
            self._transport.abort()
        self._headers = []
        self._body = bytearray()
        self._has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header and count its bytes. Count, but do not keep, a trailer after the body."""
        self._head_bytes_left -= len(name) + len(value) + _HEADER_OVERHEAD
        if self._head_bytes_left >= 0 and not self._has_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Fail the request if head or body is too large; reserve memory for a body over 256 KiB.

        The size of the body is its Content-Length. If there is none, `on_body` does the same as the
        body arrives. The body of a redirect or an error is not checked, because it is truncated.
        """
        self._has_head = True
        length = 0 if self._may_truncate() else _content_length(self._headers)
        if length > self._max_response_bytes or self._head_bytes_left < 0:
            self._fail(ResponseTooLarge(_TOO_LARGE))
        elif length > _SMALL_BYTES:
            self._reserve(length)

    def on_body(self, part: bytes) -> None:
        """Add a part of the body, and limit its size.

        The body of a redirect or an error is truncated to 64,000 bytes. Any other body that becomes
        larger than `max_response_bytes` fails the request. A body of unknown length that becomes
        larger than 256 KiB reserves `max_response_bytes` of memory.
        """
        if self._response is None:
            return  # after a truncated body
        self._body += part
        size = len(self._body)
        if self._may_truncate():
            if size > _MAX_ERROR_BYTES:
                del self._body[_MAX_ERROR_BYTES:]
                self._transport.abort()
                self._complete()
        elif size > self._max_response_bytes:
            self._fail(ResponseTooLarge(_TOO_LARGE))
        elif size > _SMALL_BYTES:
            self._reserve(self._max_response_bytes)

    def on_message_complete(self) -> None:
        """Complete the response if it is final; ignore an interim response (status code 1xx).

        Close the connection if the server does not keep it open. Do nothing without a request.
        """
        if self._response is None:
            return
        if self._parser.get_status_code() < _FIRST_FINAL_STATUS:
            self._has_head = False  # another response follows
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        elif self._pending is not None:
            self._transport.resume_reading()  # the body was complete before there was room
        self._complete()

    def _may_truncate(self) -> bool:
        """Return True for a redirect or an error: the beginning of its body is enough."""
        return self._parser.get_status_code() >= _FIRST_STATUS_WITHOUT_DOCUMENT

    def _complete(self) -> None:
        """Make `send` return the parsed response. No request is in progress afterwards."""
        response = Response(self._parser.get_status_code(), self._headers, bytes(self._body))
        self._body = bytearray()
        if self._response is not None and not self._response.done():
            self._response.set_result(response)
        self._response = None

    def _fail_as_closed(self) -> None:
        """Close the connection, and make a `send` in progress raise an error.

        The error is ProtocolError if the response has a complete head, otherwise ConnectionLost.
        """
        if self._has_head:
            self._fail(ProtocolError("the connection closed within the response"))
        else:
            self._fail(ConnectionLost(_NO_RESPONSE))

    def _fail(self, error: Exception) -> None:
        """Close the connection, and make a `send` in progress raise `error`."""
        if self._response is not None:
            if not self._response.done():
                self._response.set_exception(error)
            self._response = None
        self._body = bytearray()
        self._transport.abort()

    def _reserve(self, size: int) -> None:
        """Reserve `size` bytes of memory; pause reading until they are granted.

        Does nothing if this response has a reservation already, has failed or has ended.
        """
        if self._reserved_bytes or self._response is None:
            return
        self._reserved_bytes = size
        self._pending = self._memory.reserve(size, self._resume)
        if self._pending is not None:
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Resume reading after memory has been granted, if still connected."""
        self._pending = None
        self._received_at = self._loop.time()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _release_reservation(self) -> None:
        """Release the granted reservation, or cancel the pending one. One must exist."""
        size, pending = self._reserved_bytes, self._pending
        self._reserved_bytes, self._pending = 0, None
        if pending is not None:
            self._memory.cancel(pending)
        else:
            self._memory.release(size)

    def _check_timeout(self) -> None:
        """Fail the request if nothing arrived for `read_timeout`; otherwise restart the timer.

        Time in which the connection waits for memory does not count. Successive requests share
        one timer, which is cheaper than a timer for each. Without a request, the timer stops.
        """
        self._timer = None
        if self._response is None:
            return
        if self._pending is not None:  # reading is paused: the server is not late
            self._received_at = self._loop.time()
        left = self._received_at + self._read_timeout - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_timeout)
        else:
            self._fail(TimeoutError(f"nothing received for {self._read_timeout:g} s"))


def _content_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the first Content-Length; 0 if there is none or it is not up to 20 digits."""
    for name, value in headers:
        if len(name) == len(_CONTENT_LENGTH) and name.lower() == _CONTENT_LENGTH:
            return int(value) if len(value) <= _MAX_LENGTH_DIGITS and value.isdigit() else 0
    return 0
