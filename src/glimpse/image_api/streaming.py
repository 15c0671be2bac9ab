"""Stream bodies that may turn out to be unreadable when a part of them has been sent."""

from collections.abc import AsyncIterator

from glimpse.http.request_middleware import ResponseAborted
from glimpse.images.errors import Unavailable


async def abort_if_unreadable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body. Raises ResponseAborted if `pieces` raises Unavailable."""
    try:
        async for piece in pieces:
            yield piece
    except Unavailable as error:
        raise ResponseAborted(str(error)) from None
