"""Requests that send image data: check the media type and the declared size."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from glimpse.image_api.faults import UnsupportedMediaType
from glimpse.image_api.request_parsing import media_type
from glimpse.images.errors import Invalid

OCTET_STREAM = "application/octet-stream"
_SIZE_HEADER = "X-OpenStack-Image-Size"


def check_octet_stream(request: Request, verb: str) -> None:
    """Raise UnsupportedMediaType if the Content-Type is not application/octet-stream.

    A missing Content-Type raises the error, too. Parameters of the Content-Type are ignored. `verb`
    says in the error's message what is done with the data, such as ``uploaded``.
    """
    if media_type(request) != OCTET_STREAM:
        raise UnsupportedMediaType(
            f"Image data is {verb} with Content-Type {OCTET_STREAM}.", OCTET_STREAM
        )


def declared_size(request: Request) -> int | None:
    """Return the number of bytes that the client declares for image data; None if unknown.

    The number is the value of X-OpenStack-Image-Size or, without that header, of Content-Length.
    Returns None if both headers are missing, or if the number is 0. A negative number is returned
    unchanged, as in Glance, although no data can have such a size. Raises Invalid if the value is
    not an integer.
    """
    text = request.headers.get(_SIZE_HEADER, request.headers.get("content-length", "0"))
    try:
        return int(text) or None
    except ValueError:
        raise Invalid("Invalid or missing image size in request headers.") from None


async def require_size(chunks: AsyncIterator[bytes], size: int | None) -> AsyncIterator[bytes]:
    """Yield `chunks`, and check that all chunks together have `size` bytes.

    If `size` is None, any number of bytes is allowed. Raises Invalid in place of the first chunk
    with which there are more than `size` bytes. Raises Invalid after the last chunk if there are
    fewer bytes. Raises what `chunks` raises.
    """
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if size is not None and received > size:
            raise Invalid(f"Size exceeds: expected {size} bytes, got {received} bytes")
        yield chunk
    if size is not None and received != size:
        raise Invalid(f"Size mismatch: expected {size} bytes, got {received} bytes")
