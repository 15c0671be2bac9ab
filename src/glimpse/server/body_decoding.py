"""The body of a request: of a known length, or in chunked transfer coding (RFC 9112, 7.1)."""

import re
from typing import Protocol

from glimpse.server.request_head import RequestRefused

MAX_LINE = 64 * 1024  # bytes of a chunk's size line, or of all trailers
MAX_DECODED = 256  # chunks and lines that one call decodes, so that it takes at most 0.3 ms
# A chunk extension may have any bytes but control characters; Glimpse ignores it.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_SMALL_SIZES = {form % size: size for size in range(1, 4096) for form in (b"%x", b"%X")}
_SMALL_SIZE_DIGITS = 3
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class RequestBody(Protocol):
    """Decodes the body of one request, which arrives in pieces of any size.

    `is_complete` is True when the whole body has been decoded.
    """

    is_complete: bool

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Decode `data`, the next bytes; return their content, and the rest that is not decoded.

        The rest is the end of `data`, and may be empty. If `is_complete` is True after the call,
        the rest is the beginning of the next request. If `is_complete` is False and there is a
        rest, `data` was too much for one call. Then call `decode` again with the rest, before you
        call it with newer bytes. Raises RequestRefused (400 or 431) for a malformed body.
        """
        ...


class SizedBody:
    """A body of `length` bytes, from Content-Length. A body of 0 bytes is complete at once."""

    def __init__(self, length: int) -> None:
        self.is_complete = not length
        self._bytes_left = length

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the bytes of the body in `data`, and the bytes after the body. Raises nothing."""
        rest = b""
        if len(data) > self._bytes_left:
            data, rest = data[: self._bytes_left], data[self._bytes_left :]
        self._bytes_left -= len(data)
        self.is_complete = not self._bytes_left
        return data, rest


class ChunkedBody:
    """A body in the chunked transfer coding, whose trailers are checked and dropped."""

    def __init__(self) -> None:
        self.is_complete = False
        self._line = b""  # the beginning of a line that is not complete
        self._bytes_left = 0  # bytes of the current chunk, with the CR LF after it
        self._is_in_trailers = False
        self._trailer_bytes = 0

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Decode `data`, the next bytes; return their content, and the rest that is not decoded.

        The rest is the end of `data`, and may be empty. If `is_complete` is True after the call,
        the rest is the beginning of the next request. If `is_complete` is False and there is a
        rest, `data` has more than MAX_DECODED chunks and lines. Then call `decode` again with the
        rest, before you call it with newer bytes. Raises RequestRefused with 400 for malformed
        data, and with 431 if a size line or the trailers exceed MAX_LINE bytes.
        """
        content: list[bytes] = []
        position, end, lines = 0, len(data), 0
        while position < end and not self.is_complete and lines + len(content) < MAX_DECODED:
            if not (self._bytes_left or self._line or self._is_in_trailers):
                position = _decode_small_chunks(data, position, content)
                if position == end or len(content) >= MAX_DECODED:
                    break
            if self._bytes_left:
                size = min(self._bytes_left, end - position)
                self._decode_chunk(data[position : position + size], content)
                position += size
                continue
            newline = data.find(b"\n", position)
            stop = newline + 1 if newline >= 0 else end
            self._line += data[position:stop]
            position = stop
            if self._trailer_bytes + len(self._line) > MAX_LINE:
                raise RequestRefused(431, "The trailers are too large.")
            if newline >= 0:
                line, self._line = self._line, b""
                self._decode_line(line)
                lines += 1
        return b"".join(content), data[position:]

    def _decode_chunk(self, piece: bytes, content: list[bytes]) -> None:
        """Append the content in a piece of the current chunk to `content`.

        The last two bytes of the chunk, CR LF, are checked and dropped. `piece` must not have bytes
        after them. Raises RequestRefused (400) if the chunk ends with other bytes.
        """
        content_left = max(0, self._bytes_left - 2)
        if len(piece) > content_left:
            ending = piece[content_left:]
            if ending != b"\r\n"[content_left + 2 - self._bytes_left :][: len(ending)]:
                raise RequestRefused(400)
            piece = piece[:content_left]
            self._bytes_left -= len(ending)
        self._bytes_left -= len(piece)
        if piece:
            content.append(piece)

    def _decode_line(self, line: bytes) -> None:
        """Decode a line with the size of a chunk, or a line of the trailers.

        `line` has its line ending. The size 0 begins the trailers. An empty line ends the trailers
        and the body. Raises RequestRefused (400) for a malformed line.
        """
        if self._is_in_trailers:
            self._trailer_bytes += len(line)
            self.is_complete = line == b"\r\n"
            if not self.is_complete and not _TRAILER.fullmatch(line):
                raise RequestRefused(400)
            return
        matched = _SIZE_LINE.fullmatch(line)
        if matched is None:
            raise RequestRefused(400)
        size = int(matched[1], 16)
        self._is_in_trailers = not size
        self._bytes_left = size + 2 if size else 0


def _decode_small_chunks(data: bytes, position: int, content: list[bytes]) -> int:
    """Append the content of complete chunks below 4 KiB, without extensions, to `content`.

    A size line must begin at `position` in `data`. Returns the position after the last decoded
    chunk, or `position` if no chunk was decoded. Stops at anything else, such as a larger chunk,
    the chunk of size 0 or malformed data. Stops, too, when `content` has MAX_DECODED parts. Four
    times as fast as the rest of `ChunkedBody.decode`.
    """
    while len(content) < MAX_DECODED:
        stop = data.find(b"\r\n", position, position + _SMALL_SIZE_DIGITS + 2)
        size = _SMALL_SIZES.get(data[position:stop]) if stop > 0 else None
        if size is None:
            break
        start = stop + 2
        end = start + size
        if data[end : end + 2] != b"\r\n":
            break
        content.append(data[start:end])
        position = end + 2
    return position
