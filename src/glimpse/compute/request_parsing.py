"""Parse and validate what all operations share: headers, query strings and JSON bodies."""

import json
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import orjson

from glimpse.compute.content_negotiation import JSON_TYPES
from glimpse.compute.faults import Fault

METHODS_WITH_BODY = frozenset(("POST", "PUT"))


def header_text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    """Return a header's value, decoded as Latin-1; "" if the header is missing.

    `name` is in lower case.
    """
    return headers.get(name, b"").decode("latin-1")


def check_content_type(header: bytes | None) -> None:
    """Raise a 415 fault if the Content-Type `header` is not allowed.

    Allowed are JSON, Compute's own JSON type, text/plain, and a missing or empty Content-Type. Case
    and white space matter. Parameters, as in ``application/json;charset=utf-8``, are ignored.
    """
    content_type = (header or b"").partition(b";")[0].decode("latin-1")
    if content_type and content_type != "text/plain" and content_type not in JSON_TYPES:
        raise Fault(415, "Unsupported Content-Type")


def check_query(query_string: bytes) -> None:
    """Raise a 400 fault if a query string is not UTF-8 after percent-decoding."""
    if b"%" not in query_string and query_string.isascii():
        return
    try:
        unquote_to_bytes(query_string).decode()
    except UnicodeDecodeError:
        raise Fault(400, "Query string is not UTF-8 encoded") from None


def parse_json(body: bytes) -> object:
    """Parse a JSON body; return None for an empty body.

    NaN, numbers that a float cannot hold, and lone surrogates are accepted, as in a deployed
    Compute API. Raises a 400 fault if the body is malformed, not UTF-8, nested too deeply for the
    parser, or has an integer of more than 4,300 digits.
    """
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_leniently(body)


def _parse_leniently(body: bytes) -> object:
    """Parse JSON that orjson rejects, but a deployed Compute API accepts, such as NaN.

    Raises a 400 fault for other text (see `parse_json`).
    """
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Fault(400, "Malformed request body") from None
