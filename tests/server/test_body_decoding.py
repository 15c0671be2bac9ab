"""Chunked request bodies are decoded in bounded steps."""

import pytest

from glimpse.server.body_decoding import MAX_DECODED, ChunkedBody

NEXT = b"GET / HTTP/1.1\r\n"
LINES = {
    "small chunks": b"1\r\nx\r\n",
    "longer chunks": b"fF\r\n" + b"x" * 255 + b"\r\n",
    "large chunks": b"10000\r\n" + b"x" * 65536 + b"\r\n",
    "extensions": b"1;a=b\r\nx\r\n",
    "leading zeros": b"0000000001\r\nx\r\n",
}


def _decode(data: bytes, step: int) -> tuple[bytes, bytes, int]:
    """Return the content, the bytes after the body, and the number of decoding steps."""
    decoder, content, calls = ChunkedBody(), b"", 0
    for start in range(0, len(data), step):
        rest = data[start : start + step]
        while rest and not decoder.is_complete:
            part, rest = decoder.decode(rest)
            content += part
            calls += 1
        if decoder.is_complete:
            return content, rest + data[start + step :], calls
    raise AssertionError("the body did not end")


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize("chunk", LINES.values(), ids=LINES)
def test_chunks_are_decoded_however_they_are_split_into_packets(chunk: bytes, step: int) -> None:
    count = 3 if len(chunk) > 1000 else 700
    data = chunk * count + b"0\r\nTrailer: x\r\n\r\n" + NEXT
    content, rest, _ = _decode(data, step)
    assert content == b"x" * (chunk.count(b"x") * count)
    assert rest == NEXT


@pytest.mark.parametrize(
    "data",
    [b"1\r\nx\r\n" * 10_000, b"1;a\r\nx\r\n" * 10_000, b"0\r\n" + b"a:\r\n" * 10_000],
    ids=["chunks", "extensions", "trailers"],
)
def test_one_step_decodes_a_bounded_number_of_chunks_and_lines(data: bytes) -> None:
    content, rest = ChunkedBody().decode(data)
    assert len(content) <= MAX_DECODED
    assert len(rest) > len(data) * 9 // 10
