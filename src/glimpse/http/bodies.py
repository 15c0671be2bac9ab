"""Bodies: a request's, read without trusting its size; a response's, made while it is sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Send

from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import (
    NO_REQUEST,
    RequestContext,
    current_context,
    current_request,
)

# Bytes of request bodies that one process holds at once. The first bytes of each do not count, so
# that clients which fill this up keep nobody from logging in or from writing metadata.
MOST_HELD = 64 * 1024 * 1024
_NOT_COUNTED = 16 * 1024


class BodyTooLarge(Exception):
    """The body is larger than allowed."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


class TooManyBodies(Unavailable):
    """The process holds as many bytes of request bodies as it may."""


class BodyBudget:
    """Counts the bytes of request bodies in memory, from arrival to the end of the request."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.used = 0

    def reserve(self, notes: RequestContext, size: int) -> None:
        """Count `size` more bytes for a request. Raises TooManyBodies.

        A body that is alone is never refused: the limit of a single one is `max_request_body_size`.
        """
        if self.used + size > self._most and self.used > notes.body_bytes:
            raise TooManyBodies("The server is busy with other requests. Try again.")
        self.used += size
        notes.body_bytes += size

    def release(self, notes: RequestContext) -> None:
        """Forget what was counted for a request."""
        self.used -= notes.body_bytes
        notes.body_bytes = 0


BODIES = BodyBudget(MOST_HELD)


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes:
    """Read the whole body, at most `limit` bytes of it.

    Raises BodyTooLarge, for a declared length before anything is read; ClientGone; TooManyBodies.
    """
    if int(headers.get(b"content-length", b"0") or b"0") > limit:
        raise BodyTooLarge
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if len(body) > _NOT_COUNTED:
            _count(len(body) - _NOT_COUNTED)
    return bytes(body)


def _count(size: int) -> None:
    """See to it that `size` bytes are counted for the request being served."""
    notes = current_context.get()
    if size > notes.body_bytes and current_request.get() is not NO_REQUEST:
        BODIES.reserve(notes, size - notes.body_bytes)


async def send_pieces(receive: Receive, send: Send, pieces: AsyncGenerator[bytes, None]) -> None:
    """Send the pieces as they are made, and make no more of them once the client has gone.

    `receive` is of a request whose body was read: all that comes then is that the client has gone.
    """
    gone = asyncio.ensure_future(receive())
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                del piece  # it is large, and the next one may be long in coming
        await send({"type": "http.response.body"})
    finally:
        gone.cancel()
