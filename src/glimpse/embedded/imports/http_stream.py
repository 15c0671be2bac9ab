"""HttpStream: sends a GET request to a given address, and streams the response body.

The client of `glimpse.upstream` is not used, because it keeps the whole body in memory and chooses
the address itself.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Self

import httptools

from glimpse import __version__
from glimpse.embedded.imports.address_rules import Address
from glimpse.embedded.imports.download_url import DownloadUrl
from glimpse.embedded.imports.errors import ImportFailed

_PIECE = 128 * 1024  # bytes that are read at once, and bytes that may wait in memory
_MAX_HEAD_BYTES = 64 * 1024
_MAX_EXTRA_BYTES = 64 * 1024  # of a chunked body, between two parts of its data or after the last
_HEADER_OVERHEAD = 100  # bytes of memory that a header takes in addition to its text
_MAX_LENGTH_DIGITS = 20  # of a Content-Length
_FIRST_FINAL_STATUS = 200


class HttpTimeouts(NamedTuple):
    """Timeouts in seconds. `connect` limits the time to connect, with the TLS handshake.

    The look-up of a host's name comes before, and may take as long as `connect` again.

    `idle` is the longest wait for the next bytes of a response. The time of a whole response has no
    limit here.
    """

    connect: float
    idle: float


class HttpStream:
    """The response to a GET request: `status`, `headers` with lower-case names, and `body`.

    Make a stream with `open`. Iterate over `body` once. The caller must call `close` at the end,
    also after an error of `body`.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_timeout: float
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._reader = reader
        self._writer = writer
        self._idle_timeout = idle_timeout
        self._parser = httptools.HttpResponseParser(self)
        self._header_bytes = 0  # of complete headers
        self._head_bytes = 0  # received before the head was complete
        self._extra_bytes = 0  # received since the last data of the body
        self._has_head = False
        self._is_complete = False
        self._parts: list[bytes] = []

    @classmethod
    async def open(
        cls,
        url: DownloadUrl,
        address: Address,
        timeouts: HttpTimeouts,
        tls_context: Callable[[], ssl.SSLContext],
    ) -> Self:
        """Connect to `address`, request `url`, and return when the headers have arrived.

        For https, the certificate must be valid for the host of the URL. Neither credentials nor
        cookies are sent. Redirects are not followed. The status may be any from 200 on.

        Raises ImportFailed if the server cannot be reached within `timeouts.connect` seconds, if
        TLS fails, if no bytes arrive for `timeouts.idle` seconds, or if the headers are incomplete,
        not HTTP or over 64 KiB. Raises OSError if `tls_context` does. Errors close the connection.
        """
        context = tls_context() if url.is_tls else None
        try:
            async with asyncio.timeout(timeouts.connect):
                reader, writer = await asyncio.open_connection(
                    str(address),
                    url.port,
                    limit=_PIECE,
                    ssl=context,
                    server_hostname=url.host if url.is_tls else None,
                )
        except ssl.SSLError as error:
            raise ImportFailed(f"TLS with the server failed: {error.reason}") from None
        except TimeoutError:
            raise ImportFailed(f"not connected within {timeouts.connect:g} s") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ImportFailed(f"the server cannot be reached: {reason}") from None
        stream = cls(reader, writer, timeouts.idle)
        try:
            await stream._request(url)
        except BaseException:
            stream.close()
            raise
        return stream

    async def _request(self, url: DownloadUrl) -> None:
        """Send the request, and wait until the headers of the final response have been read.

        Raises ImportFailed if no bytes arrive in time, if the headers are larger than 64 KiB or not
        HTTP, or if the connection ends. Does not close the connection.
        """
        self._writer.write(
            f"GET {url.target} HTTP/1.1\r\nHost: {url.authority}\r\n"
            f"User-Agent: glimpse/{__version__}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
            "Connection: close\r\n\r\n".encode("ascii")
        )
        while not self._has_head:
            await self._receive()

    @property
    def size(self) -> int | None:
        """The length of the body in bytes, by the header Content-Length.

        None if the header is missing or malformed, or if the response has a Transfer-Encoding.
        """
        text = self.headers.get("content-length", "")
        if "transfer-encoding" in self.headers or not text.isascii() or not text.isdigit():
            return None
        return int(text) if len(text) <= _MAX_LENGTH_DIGITS else None

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, in pieces of at most 128 KiB.

        Chunks of a chunked body that have arrived together are joined: a server may send chunks of
        one byte, and to yield each of them would take too long.

        Raises ImportFailed if the connection ends before the body is complete, if no bytes arrive
        for `HttpTimeouts.idle` seconds, if the bytes are not HTTP, or if over 64 KiB of trailers or
        of a chunk's extensions arrive. Some pieces may have been yielded before. Does not close the
        connection.
        """
        while True:
            parts, self._parts = self._parts, []
            if parts:
                yield b"".join(parts)
            elif self._is_complete:
                return
            else:
                await self._receive()

    def close(self) -> None:
        """Close the connection at once, without waiting. A second call does nothing."""
        self._writer.transport.abort()

    async def _receive(self) -> None:
        """Wait for the next bytes, and parse them.

        Raises ImportFailed if no bytes arrive in time, if the bytes are not HTTP, if the headers or
        trailers are too large, or if the connection ends too early.
        """
        had_head = self._has_head
        try:
            async with asyncio.timeout(self._idle_timeout):
                data = await self._reader.read(_PIECE)
        except TimeoutError:
            raise ImportFailed(f"nothing was received for {self._idle_timeout:g} s") from None
        except OSError:  # ssl.SSLError is one
            raise ImportFailed("the connection broke before the end of the data") from None
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._is_complete:  # what follows the response does not matter
                raise ImportFailed("the response of the server is not HTTP") from None
        self._count(len(data), had_head=had_head)

    def _count(self, received: int, *, had_head: bool) -> None:
        """Count `received` bytes, which have been parsed, if they are no data of the body.

        `had_head` is True if the head was complete before them. Raises ImportFailed if there are
        over 64 KiB of headers, of trailers, or of the extensions of a chunk. Without this limit,
        the parser would keep a header or trailer of any length.
        """
        if not self._has_head:  # on_header does not count a header that is still incomplete
            self._head_bytes += received
        elif self._parts:
            self._extra_bytes = 0
        elif had_head and not self._is_complete:
            self._extra_bytes += received
        if self._extra_bytes > _MAX_EXTRA_BYTES:
            raise ImportFailed("the trailers of the response are too large")
        if max(self._header_bytes, self._head_bytes) > _MAX_HEAD_BYTES:
            raise ImportFailed("the headers of the response are too large")

    def _end(self) -> None:
        """Handle the end of the connection. Raises ImportFailed if the response is not complete.

        If the response has neither Content-Length nor Transfer-Encoding, the end of the connection
        is the end of the body.
        """
        has_length = "content-length" in self.headers or "transfer-encoding" in self.headers
        if not self._has_head or has_length:
            raise ImportFailed("the connection closed before the end of the data")
        self._is_complete = True

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        """Begin to read the headers of a response. Forget those of an interim response (1xx)."""
        if not self._is_complete:
            self.headers = {}
            self._has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. If several headers have the same name, only the last one is kept.

        Ignores trailers, and headers beyond 64 KiB. A header counts with its text and 100 more
        bytes, because it takes that much memory.
        """
        if self._has_head:
            return
        self._header_bytes += len(name) + len(value) + _HEADER_OVERHEAD
        if self._header_bytes <= _MAX_HEAD_BYTES:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Keep the status. After a 1xx status, wait for the headers of the final response.

        Does nothing after the final response.
        """
        if self._is_complete:
            return
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= _FIRST_FINAL_STATUS

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body until `body` yields it. Ignore what follows the response."""
        if not self._is_complete:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        """Note the end of the final response. Anything that follows is ignored."""
        self._is_complete = self._has_head
