"""Response: what a handler returns; and JSON and request ids in responses."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

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
    """Return a 200 response with a document; keep it small, because `plain_json` is slow."""
    return Response(200, plain_json(document))


def plain_json(document: object) -> bytes:
    """Render JSON as a deployed Compute API does: spaces after ``:`` and ``,``, all ASCII.

    It is slower than orjson, so use it for small documents only. Text with lone surrogates is
    accepted.
    """
    return json.dumps(document).encode()


def request_id_headers() -> tuple[Header, ...]:
    """Return X-OpenStack-Request-ID and X-Compute-Request-ID, both with the request's id."""
    request_id = current_context.get().request_id.encode()
    return (b"x-openstack-request-id", request_id), (b"x-compute-request-id", request_id)
