"""Response, which handlers return, and functions for JSON and request ids in responses."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

from glimpse.http.responses import Header
from glimpse.telemetry.request_context import current_context


class Response(NamedTuple):
    """A response that a handler returns and `compute.api` sends.

    `body` is a complete document, None for an empty body, or a generator whose pieces are sent one
    by one. `headers` has the headers of this response only. `compute.api` adds the headers that all
    operations have.
    """

    status: int
    body: bytes | AsyncGenerator[bytes, None] | None = None
    headers: Sequence[Header] = ()


def json_response(document: object) -> Response:
    """Return a 200 response with a small document as JSON (see `plain_json`)."""
    return Response(200, plain_json(document))


def plain_json(document: object) -> bytes:
    """Render JSON as a deployed Compute API does: spaces after ``:`` and ``,``, all ASCII.

    Use this function for small documents only, because orjson is faster. Text with lone surrogates
    is accepted.
    """
    return json.dumps(document).encode()


def request_id_headers() -> tuple[Header, ...]:
    """Return the headers X-OpenStack-Request-ID and X-Compute-Request-ID of the request.

    Both have the id of the request that is being handled.
    """
    request_id = current_context.get().request_id.encode()
    return (b"x-openstack-request-id", request_id), (b"x-compute-request-id", request_id)
