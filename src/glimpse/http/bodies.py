"""Reading a request's body without trusting its size."""

from starlette.types import Receive


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
