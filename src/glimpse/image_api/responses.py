"""Responses of the handlers: JSON documents, and streams that may have to end early."""

import contextlib
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from glimpse.embedded.image_data import DataPieces
from glimpse.http.request_middleware import ResponseAborted
from glimpse.image_api.data_requests import OCTET_STREAM
from glimpse.images.errors import Unavailable


def json_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with a JSON document as its body."""
    return Response(body, status_code=status, headers=headers, media_type="application/json")


class DataResponse(StreamingResponse):
    """Response with image data as its body. Closes the data at the end of the response.

    The data is closed even if an error ends the response, or if the client disconnects before the
    first piece is sent.
    """

    def __init__(self, pieces: DataPieces, status: int, headers: dict[str, str]) -> None:
        super().__init__(abort_if_unreadable(pieces), status, headers, OCTET_STREAM)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, then close the data.

        Raises ResponseAborted if the data becomes unreadable while it is sent.
        """
        async with contextlib.aclosing(self._pieces):
            await super().__call__(scope, receive, send)


async def abort_if_unreadable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body. Raises ResponseAborted if `pieces` raises Unavailable.

    ResponseAborted has the message of Unavailable. Other errors of `pieces` are raised unchanged.
    """
    try:
        async for piece in pieces:
            yield piece
    except Unavailable as error:
        raise ResponseAborted(str(error)) from None
