"""Responses of the handlers: JSON documents, and streams that may have to end early."""

from collections.abc import AsyncIterator

from starlette.responses import Response

from glimpse.http.request_middleware import ResponseAborted
from glimpse.images.errors import Unavailable


def json_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with a JSON document as its body."""
    return Response(body, status_code=status, headers=headers, media_type="application/json")


async def abort_if_unreadable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body. Raises ResponseAborted if `pieces` raises Unavailable."""
    try:
        async for piece in pieces:
            yield piece
    except Unavailable as error:
        raise ResponseAborted(str(error)) from None
