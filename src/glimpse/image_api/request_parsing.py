"""Parse what several operations have: JSON bodies, media types and query strings."""

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
    """Read the request's body and parse it as JSON, whatever its Content-Type.

    Raises RequestTooLarge for more than 1 MiB, before all of it is read; Invalid for a body that is
    empty, not JSON, or nested too deeply; ClientDisconnect if the client disconnects before the
    end; TooManyBodies if the bodies of all requests take too much memory.
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
    """Return True if the request has a body, as the Image service sees it.

    It has one with a Content-Length above 0, and a POST, PUT or PATCH with a Transfer-Encoding.
    """
    headers = request.headers
    if "transfer-encoding" in headers and request.method in ("POST", "PUT", "PATCH"):
        return True
    return headers.get("content-length", "0").strip("0") != ""


def media_type(request: Request) -> str:
    """Return the Content-Type without parameters, in lower case; "" without that header."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def query_pairs(query_string: bytes) -> Pairs:
    """Return a query string's decoded names and values, in its order; values may be empty.

    Raises Invalid for a character that is not ASCII and is not percent-encoded, and for decoded
    text that is not UTF-8 or has a NUL character.
    """
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The query string contains characters that are not UTF-8.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise Invalid("The query string may not contain a NUL character.")
    return pairs
