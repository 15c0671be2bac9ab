"""Connection: sends requests over keep-alive connections and parses responses strictly."""

import asyncio
import contextlib
import re
import time

from tests.fuzz.request import FuzzRequest, Response

HANG_SECONDS = 10.0
_LIMIT = 1 << 20  # bytes of a response's head, far more than there may be
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*")
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\x20-\x7e\x80-\xff\t]*")
_WITHOUT_BODY = frozenset((204, 304))


class BadResponse(Exception):
    """The response is missing or not valid HTTP; the message says why."""


class Connection:
    """A keep-alive connection to a port; it is opened again after it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = False

    async def send(self, request: FuzzRequest, raw: bytes) -> Response | None:
        """Send a request; return its response, or None if `request.hang_up` cut it off.

        Sends it again if the server closed an idle connection. Raises BadResponse, and TimeoutError
        after HANG_SECONDS.
        """
        reader, writer = await self._open()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(HANG_SECONDS):
                await _write(writer, request, raw)
                if request.hang_up is not None:
                    await self.close()
                    return None
                response = await read_response(reader, request.method)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            was_used = self._used
            await self.close()
            if was_used and _nothing_came(error):
                return await self.send(request, raw)  # the server closed an idle connection
            raise BadResponse(f"no response: {error!r}") from None
        except (BadResponse, TimeoutError):
            await self.close()
            raise
        self._used = True
        if response.closes:
            await self.close()
        return response._replace(seconds=time.perf_counter() - began)

    async def close(self) -> None:
        """Close the connection if it is open."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            await self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=_LIMIT)
            self._used = False
        return self._streams


def _nothing_came(error: Exception) -> bool:
    return not (isinstance(error, asyncio.IncompleteReadError) and error.partial)


async def _write(writer: asyncio.StreamWriter, request: FuzzRequest, raw: bytes) -> None:
    end = len(raw) if request.hang_up in (None, -1) else request.hang_up
    at = 0
    for size in request.pieces:
        writer.write(raw[at : min(at + size, end)])
        await writer.drain()
        await asyncio.sleep(0)
        at += size
    writer.write(raw[at:end])
    # A server may respond early and close; then its response can be read.
    with contextlib.suppress(ConnectionError):
        await writer.drain()


async def read_response(reader: asyncio.StreamReader, method: str) -> Response:
    """Read the final response to a request with `method`. Raises BadResponse."""
    while True:
        response, framing = await _read_head(reader)
        if response.status >= 200:
            break
        if response.status != 100:
            raise BadResponse(f"unexpected interim response {response.status}")
    if method == "HEAD" or response.status in _WITHOUT_BODY:
        return response
    return response._replace(body=await _read_body(reader, framing))


async def _read_head(reader: asyncio.StreamReader) -> tuple[Response, dict[bytes, bytes]]:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head[:-4].split(b"\r\n")
    matched = _STATUS_LINE.fullmatch(status_line)
    if matched is None:
        raise BadResponse(f"bad status line {status_line!r}")
    headers: list[tuple[str, str]] = []
    framing: dict[bytes, bytes] = {}
    for line in lines:
        if not _HEADER.fullmatch(line):
            raise BadResponse(f"bad header line {line!r}")
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding", b"connection"):
            if name in framing:
                raise BadResponse(f"{name.decode()} twice")
            framing[name] = value.strip().lower()
        headers.append((name.decode(), value.strip().decode("latin-1")))
    if b"content-length" in framing and b"transfer-encoding" in framing:
        raise BadResponse("both content-length and transfer-encoding")
    closes = framing.get(b"connection") == b"close"
    return Response(int(matched[1]), tuple(headers), b"", closes=closes), framing


async def _read_body(reader: asyncio.StreamReader, framing: dict[bytes, bytes]) -> bytes:
    if b"content-length" in framing:
        return await reader.readexactly(int(framing[b"content-length"]))
    if framing.get(b"transfer-encoding") != b"chunked":
        raise BadResponse("a body without content-length that is not chunked")
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadResponse("a chunk that does not end where it should")
    if await reader.readuntil(b"\r\n") != b"\r\n":
        raise BadResponse("trailers")
    return bytes(body)
