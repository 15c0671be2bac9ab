"""Reads parts of requests: the JSON body, the client's address, ids, parameters and flags."""

from collections.abc import Mapping, Sequence

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from glimpse.http.bodies import BodyTooLarge, read_body
from glimpse.http.body_memory import TooManyBodies
from glimpse.http.json_depth import MAX_DEPTH, is_too_deep
from glimpse.identity import field_lengths
from glimpse.identity.embedded.errors import BadRequest
from glimpse.identity.service import IdentityUnavailable

MAX_BODY_BYTES = 114_688  # Keystone's default limit (oslo.middleware)
# Maximum lengths, in characters, of the parts of a path that may be longer than field_lengths.ID.
_PATH_LENGTHS = {"region_id": field_lengths.REGION_ID, "tag": field_lengths.TAG}
_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))  # as oslo.utils reads a boolean


def check_lengths(request: Request) -> None:
    """Check the ids in the path, and the names and values of the query's parameters.

    Raises BadRequest if an id has a NUL character or more than 64 characters (255 for a tag and the
    id of a region), or if the name or value of a parameter has more than 255 characters.
    """
    for name, value in request.path_params.items():
        max_length = _PATH_LENGTHS.get(name, field_lengths.ID)
        if len(value) > max_length or "\0" in value:
            raise BadRequest(
                f"The {name} in the path may have at most {max_length} characters, and no NUL."
            )
    for pair in request.query_params.multi_items():
        if any(len(each) > field_lengths.NAME for each in pair):
            raise BadRequest(f"A parameter may have at most {field_lengths.NAME} characters.")


def client_address(request: Request) -> str:
    """Return the IP address of the client; ``-`` if the address is unknown."""
    address: str = request.scope.get("glimpse.client", "-")
    return address


def first_values(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the first value of each parameter of a query, as Keystone reads parameters."""
    return dict(reversed(parameters))


def is_true(text: str) -> bool:
    """Return True for ``1``, ``t``, ``true``, ``on``, ``y`` and ``yes``, whatever their case."""
    return text.lower() in _TRUE


def is_flag_set(parameters: Mapping[str, str], name: str) -> bool:
    """Return True if the query has the parameter `name` with any value other than ``0``.

    An empty value counts as set. `parameters` are the result of `first_values`.
    """
    return parameters.get(name, "0") != "0"


async def read_json(request: Request) -> object:
    """Read the body, and return the parsed JSON.

    Raises HTTPException 413 if the body has more than 112 KiB. Raises BadRequest if the body is
    empty or not JSON, if it has more than 100 levels of arrays and objects, or if the Content-Type
    is neither JSON nor empty. Raises IdentityUnavailable if the bodies of all requests together
    take too much memory, and ClientDisconnected if the client closes the connection.
    """
    try:
        content = await read_body(request.receive, dict(request.scope["headers"]), MAX_BODY_BYTES)
    except BodyTooLarge:
        raise HTTPException(413, "Request is too large.") from None
    except TooManyBodies as error:
        raise IdentityUnavailable(str(error), error.retry_after) from None
    if not _is_json(request.headers.get("content-type", "")):
        raise BadRequest("Expecting to find application/json in Content-Type header.")
    try:
        parsed: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise BadRequest("Expecting to find valid JSON in request body.") from None
    if is_too_deep(parsed):
        raise BadRequest(f"The body may have at most {MAX_DEPTH} levels of arrays and objects.")
    return parsed


def _is_json(content_type: str) -> bool:
    """Return True if a Content-Type is empty (as in Keystone) or one of JSON.

    For example, ``application/json; charset=utf-8`` and ``application/merge-patch+json`` are of
    JSON.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    is_of_application = media_type.startswith("application/") and media_type.endswith("+json")
    return media_type in ("", "application/json") or is_of_application
