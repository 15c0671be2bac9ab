"""The effects of faults on responses: each function wraps the `send` of one request.

`on_change` is called before the client can see a change of the response, maybe several times.
`on_change` is not called if the response is not changed.
"""

import asyncio
from collections.abc import Callable

from starlette.types import Message, Send

from glimpse.http.request_middleware import ResponseAborted

_PIECES_PER_SECOND = 20  # of a slow body
FIRST_UNSUCCESSFUL = 300  # statuses from here on are those of redirects and errors

OnChange = Callable[[], None]


def cutting(send: Send, size: int, on_change: OnChange) -> Send:
    """Return a `send` that sends at most `size` bytes of a body, then raises ResponseAborted.

    A body that is not longer is sent unchanged, and raises nothing. For a longer body, `on_change`
    is called before the error is raised.
    """
    left = size

    async def send_part(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and len(body) > left:
            on_change()
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            raise ResponseAborted("a fault on request")
        left -= len(body)
        await send(message)

    return send_part


def slowing(send: Send, bytes_per_second: int, on_change: OnChange) -> Send:
    """Return a `send` that sends the body in small pieces, at `bytes_per_second`.

    `on_change` is called before each piece. A response without a body is sent unchanged.
    """
    size = max(1, bytes_per_second // _PIECES_PER_SECOND)

    async def send_pieces(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        for start in range(0, len(body), size):
            on_change()
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(len(piece) / bytes_per_second)
        await send({**message, "body": b""})

    return send_pieces


def counting_success(send: Send, on_success: Callable[[], None]) -> Send:
    """Return a `send` that calls `on_success` before a response below status 300 starts.

    `on_success` is not called for other statuses.
    """

    async def send_counted(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < FIRST_UNSUCCESSFUL:
            on_success()
        await send(message)

    return send_counted
