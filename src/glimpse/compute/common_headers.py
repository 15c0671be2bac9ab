"""add_common_headers: the headers that the responses of all operations have."""

from glimpse.compute.content_negotiation import response_type
from glimpse.compute.deprecation_headers import deprecation_headers
from glimpse.compute.microversions import microversion_headers
from glimpse.compute.request import Request
from glimpse.compute.responses import Response, request_id_headers
from glimpse.compute.routes import Route
from glimpse.http.cache_header_values import PRIVATE
from glimpse.http.responses import Header


def add_common_headers(route: Route, request: Request, response: Response) -> Response:
    """Return a new response: `response` with the headers that all operations have.

    These are Content-Type, the microversion headers, headers that forbid shared caches to store the
    response, and the request ids. If `route` has a last microversion, headers announce the
    operation's removal.
    """
    headers: list[Header] = [
        (b"content-type", response_type(request.headers.get(b"accept", b""))),
        *microversion_headers(request.microversion),
        *PRIVATE,
        *request_id_headers(),
        *response.headers,
    ]
    if route.last_microversion is not None:
        headers += deprecation_headers(
            request.link_bases.image_service, request.resource_id, request.options.sunset
        )
    return Response(response.status, response.body, headers)
