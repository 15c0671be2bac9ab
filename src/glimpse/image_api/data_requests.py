"""Requests that send image data: their media type, and the size that they declare."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from glimpse.image_api.faults import UnsupportedMediaType
from glimpse.image_api.request_parsing import media_type
from glimpse.images.errors import Invalid

OCTET_STREAM = "application/octet-stream"
_SIZE_HEADER = "X-OpenStack-Image-Size"


def check_octet_stream(request: Request, verb: str) -> None:
    """Raise UnsupportedMediaType unless the Content-Type is application/octet-stream.

    `verb` is for the message, such as ``uploaded``.
    """
    if media_type(request) != OCTET_STREAM:
        raise UnsupportedMediaType(
            f"Image data is {verb} with Content-Type {OCTET_STREAM}.", OCTET_STREAM
        )


def declared_size(request: Request) -> int | None:
    """Return how many bytes of image data the client is going to send; None if that is not known.

    X-OpenStack-Image-Size says it, or else Content-Length; 0 means that it is not known. A negative
    size is returned as it is, as in Glance, although no data can have it. Raises Invalid for a
    header that is no integer.
    """
    text = request.headers.get(_SIZE_HEADER, request.headers.get("content-length", "0"))
    try:
        return int(text) or None
    except ValueError:
        raise Invalid("Invalid or missing image size in request headers.") from None


async def require_size(chunks: AsyncIterator[bytes], size: int | None) -> AsyncIterator[bytes]:
    """Yield `chunks`, which must have `size` bytes in all; None allows any number.

    Raises Invalid as soon as there are more, or at the end if there are fewer.
    """
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if size is not None and received > size:
            raise Invalid(f"Size exceeds: expected {size} bytes, got {received} bytes")
        yield chunk
    if size is not None and received != size:
        raise Invalid(f"Size mismatch: expected {size} bytes, got {received} bytes")
