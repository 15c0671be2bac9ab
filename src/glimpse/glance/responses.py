"""Parsers of Glance's successful responses: JSON documents, and the versions of a server."""

from http import HTTPStatus
from typing import Any

import orjson

from glimpse.glance.error_mapping import TooLarge, error_from_response
from glimpse.images.errors import InvalidResponse
from glimpse.upstream.transport import Response

_MAX_VERSION_LENGTH = 50  # characters
# Objects and arrays of a document: each takes 60 bytes of memory, and 0.2 us to parse.
_MAX_CONTAINERS = 100_000


def is_success(response: Response) -> bool:
    """Return True for a status code of 2xx."""
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def parse_document(response: Response) -> dict[str, Any]:
    """Return the JSON object in a response of any status code.

    Raises InvalidResponse if the body is not a JSON object, and TooLarge if the body has more than
    100,000 opening brackets and braces.
    """
    check_containers(response)
    try:
        parsed = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise InvalidResponse("The Image service's response is not JSON.") from None
    if not isinstance(parsed, dict):
        raise InvalidResponse("The Image service's response is not a JSON object.")
    return parsed


def check_containers(response: Response) -> None:
    """Raise TooLarge if a body has more than 100,000 opening brackets and braces.

    To parse such a body would take long, and far more memory than the body. Brackets within texts
    count as well. A page of 1,000 images has about 5,000.
    """
    if response.body.count(b"[") + response.body.count(b"{") > _MAX_CONTAINERS:
        raise TooLarge("The Image service's response is too large.")


def parse_version_ids(response: Response) -> list[str]:
    """Return the ids of versions, such as ``v2.15``, in a response to ``GET /``.

    The ids are in the order of the response. Raises the error of `error_from_response` for a status
    code other than 200 and 300. Raises InvalidResponse if the body has no list of versions, or if a
    version has no id, an unprintable id, or an id of more than 50 characters. Raises TooLarge if
    the body has more than 100,000 opening brackets and braces.
    """
    if response.status not in (HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES):
        raise error_from_response(response)
    listed = parse_document(response).get("versions")
    versions = listed if isinstance(listed, list) else [None]
    ids = [one["id"] for one in versions if isinstance(one, dict) and "id" in one]
    if len(ids) != len(versions) or not all(map(_is_version_id, ids)):
        raise InvalidResponse("The Image service's response names no versions.")
    return ids


def _is_version_id(value: object) -> bool:
    """Return True for a printable text of at most 50 characters, which a terminal can show."""
    return isinstance(value, str) and len(value) <= _MAX_VERSION_LENGTH and value.isprintable()
