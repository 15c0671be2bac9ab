"""Response: what a handler returns; and JSON, request ids and entity tags in responses."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

import xxhash

from glimpse.http.responses import Header
from glimpse.telemetry.request_context import current_context


class Response(NamedTuple):
    """A response, which `compute.api` sends.

    `body` is a complete document, None for an empty body, or a generator of pieces, each of which
    is sent when it has been made. `headers` are those of this response only; `compute.api` adds the
    ones that all operations have.
    """

    status: int
    body: bytes | AsyncGenerator[bytes, None] | None = None
    headers: Sequence[Header] = ()


def json_response(document: object) -> Response:
    """Return a 200 response with a small document, formatted by `plain_json`."""
    return Response(200, plain_json(document))


def plain_json(document: object) -> bytes:
    """Render JSON as a deployed Compute API does: spaces after ``:`` and ``,``, all ASCII.

    It is slower than orjson, so use it for small documents only. Text with lone surrogates is
    accepted.
    """
    return json.dumps(document).encode()


def request_id_headers() -> tuple[Header, ...]:
    """Return the two headers with the id of the current request, as Compute sends them."""
    request_id = current_context.get().request_id.encode()
    return (b"x-openstack-request-id", request_id), (b"x-compute-request-id", request_id)


def strong_etag(body: bytes) -> bytes:
    """Return a strong entity tag (RFC 9110, 8.8.3) of a body: a hash of all its bytes."""
    return b'"%s"' % xxhash.xxh3_128_hexdigest(body).encode()


def is_not_modified(if_none_match: bytes | None, etag: bytes) -> bool:
    """Return True if ``If-None-Match`` lists `etag`, with ``W/`` or without.

    ``*`` does not match, because a deployed Compute API responds to it with 200.
    """
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return etag in tags
