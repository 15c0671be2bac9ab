"""Parse parts that many requests have: JSON bodies, media types and query strings."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from glimpse.http.bodies import BodyTooLarge, ClientDisconnected, read_body
from glimpse.http.json_depth import MAX_DEPTH, is_too_deep
from glimpse.image_api.faults import RequestTooLarge
from glimpse.images.errors import Invalid

MAX_BODY = 1024 * 1024  # bytes of a JSON body: the largest image record is far smaller

Pairs = Sequence[tuple[str, str]]


async def json_body(request: Request) -> Any:
    """Read the request's body and parse it as JSON, with any Content-Type.

    Raises RequestTooLarge as soon as Content-Length or the part that has arrived exceeds 1 MiB.
    Raises Invalid if the body is empty, not JSON, or has more than 100 levels of arrays and
    objects. Raises ClientDisconnect if the client disconnects before the end. Raises TooManyBodies
    if the bodies of all requests take too much memory.
    """
    try:
        body = await read_body(request.receive, dict(request.scope["headers"]), MAX_BODY)
    except BodyTooLarge:
        raise RequestTooLarge(f"The body may have at most {MAX_BODY} bytes.") from None
    except ClientDisconnected:
        raise ClientDisconnect from None
    if not body:
        raise Invalid("Body expected in request.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid("Malformed JSON in request body.") from None
    if is_too_deep(document):
        raise Invalid(f"The body may have at most {MAX_DEPTH} levels of arrays and objects.")
    return document


def has_body(request: Request) -> bool:
    """Return True if the request has a body, by the rule of the Image service.

    A request has a body if Content-Length is above 0, or if a POST, PUT or PATCH has a
    Transfer-Encoding.
    """
    headers = request.headers
    if "transfer-encoding" in headers and request.method in ("POST", "PUT", "PATCH"):
        return True
    return headers.get("content-length", "0").strip("0") != ""


def media_type(request: Request) -> str:
    """Return the Content-Type without parameters, in lower case; "" if it is missing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def query_pairs(query_string: bytes) -> Pairs:
    """Return the decoded names and values in a query string, in order. Values may be empty.

    Raises Invalid if a character is neither ASCII nor percent-encoded. Raises Invalid if decoded
    text is not UTF-8 or has a NUL character.
    """
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The query string contains characters that are not UTF-8.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise Invalid("The query string may not contain a NUL character.")
    return pairs
