"""Parsing and validation of requests, before any operation is involved."""

import json
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import orjson

from glimpse.compute.content_negotiation import JSON_TYPES
from glimpse.compute.faults import Fault

METHODS_WITH_BODY = frozenset(("POST", "PUT"))


def header_text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    """Return the value of a header as text; "" if the request does not have it."""
    return headers.get(name, b"").decode("latin-1")


def check_content_type(header: bytes | None) -> None:
    """Raise a 415 fault for a type that is neither JSON, nor text/plain, nor empty."""
    content_type = (header or b"").partition(b";")[0].decode("latin-1")
    if content_type and content_type != "text/plain" and content_type not in JSON_TYPES:
        raise Fault(415, "Unsupported Content-Type")


def check_query(query_string: bytes) -> None:
    """Raise a 400 fault if the percent-encoded bytes of a query are not UTF-8."""
    if b"%" not in query_string and query_string.isascii():
        return
    try:
        unquote_to_bytes(query_string).decode()
    except UnicodeDecodeError:
        raise Fault(400, "Query string is not UTF-8 encoded") from None


def parse_json(body: bytes) -> object:
    """Parse a body of JSON; None for an empty one. Raises a 400 fault for malformed JSON."""
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_leniently(body)


def _parse_leniently(body: bytes) -> object:
    """Parse what the Compute API's own parser accepts: NaN, large numbers, lone surrogates.

    The fault for such a value then names the attribute instead of rejecting the whole body.
    """
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Fault(400, "Malformed request body") from None
