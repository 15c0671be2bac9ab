"""What requests bring: bounded JSON bodies, and query strings as pairs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from glimpse.http.bodies import BodyTooLarge, ClientGone, read_body
from glimpse.image_api.faults import TooLarge
from glimpse.images.errors import Invalid

MAX_BODY = 1024 * 1024  # bytes of a JSON body: the largest image record is far smaller

Pairs = Sequence[tuple[str, str]]


async def json_body(request: Request) -> Any:
    """The parsed body. Raises TooLarge above MAX_BODY, without reading on, and Invalid.

    Raises ClientDisconnect, and TooManyBodies, too.
    """
    try:
        body = await read_body(request.receive, dict(request.scope["headers"]), MAX_BODY)
    except BodyTooLarge:
        raise TooLarge(f"The body may have at most {MAX_BODY} bytes.") from None
    except ClientGone:
        raise ClientDisconnect from None
    if not body:
        raise Invalid("Body expected in request.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid("Malformed JSON in request body.") from None


def media_type(request: Request) -> str:
    """The Content-Type without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def query_pairs(query_string: bytes) -> Pairs:
    """The parameters in their order. Raises Invalid for text that is not UTF-8, and for NUL."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The query string contains characters that are not UTF-8.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise Invalid("The query string may not contain a NUL character.")
    return pairs
