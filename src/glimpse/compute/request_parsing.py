"""Parsing: what a request's headers, body and query are checked for before any operation."""

import json
from urllib.parse import unquote_to_bytes

import orjson

from glimpse.compute.content_negotiation import JSON_TYPES
from glimpse.compute.faults import Fault

VERBS_WITH_BODY = frozenset(("POST", "PUT"))


def header_text(headers: dict[bytes, bytes], name: bytes) -> str:
    """A header as text, "" for one that there is not."""
    return headers.get(name, b"").decode("latin-1")


def check_content_type(header: bytes | None) -> None:
    """Raise a 415 fault for a type that is neither JSON, nor text/plain, nor empty."""
    content_type = (header or b"").partition(b";")[0].decode("latin-1")
    if content_type and content_type != "text/plain" and content_type not in JSON_TYPES:
        raise Fault(415, "Unsupported Content-Type")


def check_query(query_string: bytes) -> None:
    """Raise a 400 fault for a query whose escapes are no UTF-8, whether or not it is used."""
    try:
        unquote_to_bytes(query_string).decode()
    except UnicodeDecodeError:
        raise Fault(400, "Query string is not UTF-8 encoded") from None


def parse_json(body: bytes) -> object:
    """The JSON in a body, None for an empty one. Raises a 400 fault."""
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_loosely(body)


def _parse_loosely(body: bytes) -> object:
    """Parse what the Compute API's own parser takes for JSON: NaN, large numbers, halves of pairs.

    So that a fault names what is wrong with the value rather than with all of the body.
    """
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Fault(400, "Malformed request body") from None
