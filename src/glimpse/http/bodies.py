"""Read request bodies within limits, and stream response bodies."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Send

from glimpse.http.body_memory import BODIES, UNCOUNTED_BYTES
from glimpse.telemetry.request_context import NO_REQUEST, current_context


class BodyTooLarge(Exception):
    """The body of a request is larger than the caller of `read_body` allows."""


class ClientDisconnected(Exception):
    """The client disconnected before its request was complete, or while the server handled it."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes:
    """Return the whole body of a request. `headers` is ``scope["glimpse.headers"]``.

    The server has checked that Content-Length is a number, and closes the connection of a client
    that sends too slowly. Raises

    - BodyTooLarge if the body has more than `limit` bytes. If Content-Length is larger than
      `limit`, nothing is read.
    - ClientDisconnected if the client disconnects before the end of the body.
    - TooManyBodies (503) if the bodies of all requests together exceed MAX_HELD_BYTES (64 MiB).

    The first 16 KiB of a body do not count towards the 64 MiB. The other bytes count until the
    request ends, also after an error. While no other body counts, a body may have any size up to
    `limit`.
    """
    if int(headers.get(b"content-length", b"0") or b"0") > limit:
        raise BodyTooLarge
    body = bytearray()
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        has_more = message.get("more_body", False)
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if len(body) > UNCOUNTED_BYTES:
            _count_bytes(len(body) - UNCOUNTED_BYTES)
    return bytes(body)


def _count_bytes(total: int) -> None:
    """Raise the number of bytes that BODIES counts for the current request to `total`.

    Does nothing without a current request, or if the number is at least `total` already. Raises
    TooManyBodies, and changes nothing, if all bodies together would be too large.
    """
    context = current_context.get()
    if total > context.body_bytes and context is not NO_REQUEST:
        BODIES.reserve(context, total - context.body_bytes)


async def send_pieces(receive: Receive, send: Send, pieces: AsyncGenerator[bytes, None]) -> None:
    """Send the pieces of a response's body as they are produced, and then its end.

    Before this call, send the head of the response, and read the whole body of the request: only
    then does `receive` wait for the client to disconnect.

    Returns without an error, and sends no more, if the client has disconnected when the next piece
    is produced. Raises what `pieces` raises; then the end is not sent. Closes `pieces` in any case.
    """
    disconnected = asyncio.ensure_future(receive())
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if disconnected.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                del piece  # it is large, and the next one may take long
        await send({"type": "http.response.body"})
    finally:
        disconnected.cancel()
