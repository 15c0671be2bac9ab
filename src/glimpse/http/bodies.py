"""Bodies: a request's, read without trusting its size; an answer's, made while it is sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Send


class BodyTooLarge(Exception):
    """The body is larger than allowed."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes:
    """Read the whole body, at most `limit` bytes of it.

    Raises BodyTooLarge, for a declared length before anything is read; ClientGone.
    """
    if int(headers.get(b"content-length", b"0") or b"0") > limit:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


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
