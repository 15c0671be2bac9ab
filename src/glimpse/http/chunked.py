"""The chunked transfer coding of a request's body (RFC 9112, 7.1)."""

import re

MAX_LINE = 64 * 1024  # bytes of a chunk's size line, or of all trailers
# Chunk extensions may have anything in them but control characters; nobody uses them.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class InvalidChunk(Exception):
    """The body does not follow the coding."""


class ChunkLineTooLong(Exception):
    """A size line, or the trailers, have more than MAX_LINE bytes."""


class ChunkedDecoder:
    """Decodes one body that arrives in pieces of any size.

    `ended` is True once the last chunk and the trailers, which are dropped, were read.
    """

    def __init__(self) -> None:
        self.ended = False
        self._line = b""  # the beginning of a line that is not complete
        self._left = 0  # bytes of the current chunk, with the CRLF after it
        self._in_trailers = False
        self._trailer_bytes = 0

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the content in `data`, and the bytes after the end of the body.

        Raises InvalidChunk and ChunkLineTooLong.
        """
        content: list[bytes] = []
        position, end = 0, len(data)
        while position < end and not self.ended:
            if self._left:
                taken = min(self._left, end - position)
                self._take_content(data[position : position + taken], content)
                position += taken
                continue
            newline = data.find(b"\n", position)
            stop = newline + 1 if newline >= 0 else end
            self._line += data[position:stop]
            position = stop
            if self._trailer_bytes + len(self._line) > MAX_LINE:
                raise ChunkLineTooLong
            if newline >= 0:
                line, self._line = self._line, b""
                self._take_line(line)
        return b"".join(content), data[position:]

    def _take_content(self, piece: bytes, content: list[bytes]) -> None:
        """Take a part of a chunk: its last two bytes are to be CR LF."""
        kept = max(0, self._left - 2)
        if len(piece) > kept:
            ending = piece[kept:]
            if ending != b"\r\n"[kept + 2 - self._left :][: len(ending)]:
                raise InvalidChunk
            piece = piece[:kept]
            self._left -= len(ending)
        self._left -= len(piece)
        if piece:
            content.append(piece)

    def _take_line(self, line: bytes) -> None:
        """Take a size line, or a line of the trailers, of which the last is empty."""
        if self._in_trailers:
            self._trailer_bytes += len(line)
            self.ended = line == b"\r\n"
            if not self.ended and not _TRAILER.fullmatch(line):
                raise InvalidChunk
            return
        matched = _SIZE_LINE.fullmatch(line)
        if matched is None:
            raise InvalidChunk
        size = int(matched[1], 16)
        self._in_trailers = not size
        self._left = size + 2 if size else 0
