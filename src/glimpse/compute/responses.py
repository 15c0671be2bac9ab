"""Response: the result of a handler; headers and formats that several responses share."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

import xxhash

from glimpse.http.responses import Header
from glimpse.telemetry.request_context import current_request


class Response(NamedTuple):
    """A response as a value; `compute.api` sends it.

    `body` is a complete document, None for no document, or a generator of the pieces of one, which
    is sent as they are made. `headers` of a handler's response are sent besides those that
    `compute.api` adds to every response of an operation.
    """

    status: int
    body: bytes | AsyncGenerator[bytes, None] | None = None
    headers: Sequence[Header] = ()


def json_response(document: object) -> Response:
    """A 200 with a small document; see `plain_json` for its format."""
    return Response(200, plain_json(document))


def plain_json(document: object) -> bytes:
    """Render JSON with the same bytes as a deployed Compute API: with spaces, and ASCII only.

    For small documents, whose length clients may expect. Accepts any str, also one with lone
    surrogates.
    """
    return json.dumps(document).encode()


def request_id_headers() -> tuple[Header, ...]:
    """The id of the current request, under both names that Compute gives it."""
    request_id = current_request.get().request_id.encode()
    return (b"x-openstack-request-id", request_id), (b"x-compute-request-id", request_id)


def strong_etag(body: bytes) -> bytes:
    """A strong entity tag (RFC 9110, 8.8.3): the same for equal bodies only."""
    return b'"%s"' % xxhash.xxh3_128_hexdigest(body).encode()


def is_not_modified(if_none_match: bytes | None, etag: bytes) -> bool:
    """Return True if ``If-None-Match`` names `etag`.

    ``*`` matches no entity tag, since a deployed Compute API responds to it with 200.
    """
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return etag in tags
