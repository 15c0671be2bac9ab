"""ComputeAPI: the Compute Images API as an ASGI application.

It does not use a framework's router, because it matches as a deployed Compute API does: repeated
slashes are one, and a method that a path does not have is 404, not 405. It is also twice as fast.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from glimpse.compute.content_negotiation import response_type
from glimpse.compute.deprecation_headers import deprecation_headers
from glimpse.compute.entity_tags import is_not_modified, strong_etag
from glimpse.compute.error_responses import (
    body_too_large,
    fault_response,
    route_not_found,
    unauthorized,
)
from glimpse.compute.faults import Fault, fault_from_error
from glimpse.compute.links import LinkPrefixes, make_links
from glimpse.compute.microversions import (
    Microversion,
    check_not_removed,
    microversion_headers,
    requested_microversion,
)
from glimpse.compute.operations import Operations
from glimpse.compute.options import ComputeOptions
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.request import Request
from glimpse.compute.request_parsing import (
    METHODS_WITH_BODY,
    check_content_type,
    check_query,
    header_text,
    parse_json,
)
from glimpse.compute.responses import Response, request_id_headers
from glimpse.compute.routes import ROUTE_TABLE, Match, Route, RouteTable, split_version_root
from glimpse.compute.unsupported_routes import match_unsupported_route
from glimpse.compute.version_discovery import VersionDiscovery
from glimpse.http.bodies import BodyTooLarge, ClientDisconnected, read_body, send_pieces
from glimpse.http.body_budget import TooManyBodies
from glimpse.http.cache_header_values import PRIVATE
from glimpse.http.request_middleware import ResponseAborted
from glimpse.http.request_scope import service_urls_of
from glimpse.http.responses import Header, send_response
from glimpse.identity import Identity, IdentityUnavailable, RequestTarget, Unauthorized
from glimpse.images import Caller
from glimpse.images.errors import ImageServiceError, NotAuthenticated
from glimpse.telemetry.request_context import current_context

_REPEATED_SLASHES = re.compile(r"/{2,}")


class ComputeAPI:
    """ASGI application for all paths: version discovery, and the operations on images.

    It takes HTTP requests only. Their scope must have the keys that `RequestMiddleware` adds.

    `image_service_url` takes the URL of this process's own Image API, and returns the Image
    service's base URL for links. It may raise errors of `images.errors`.
    """

    def __init__(
        self,
        operations: Operations,
        policy: ComputePolicy,
        identity: Identity,
        image_service_url: Callable[[str], Awaitable[str]],
        options: ComputeOptions,
        server_routes: RouteTable | None = None,
    ) -> None:
        """`server_routes` are those of servers, None for a cloud that has none: they are 501."""
        self._server_routes = server_routes or RouteTable(())
        self._operations = operations
        self._policy = policy
        self._identity = identity
        self._image_service_url = image_service_url
        self._options = options
        self._link_prefixes = LinkPrefixes(options.compute_link_prefix, options.glance_link_prefix)
        self._version_discovery = VersionDiscovery(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request; send nothing if its client disconnects before the body is complete.

        OPTIONS is 200 with an empty body, without a token, for every path but ``/`` and the version
        roots. Raises ResponseAborted if the image service fails while a list is being streamed.
        """
        path = scope["path"]
        if "//" in path:
            path = _REPEATED_SLASHES.sub("/", path)
        version_root, path_below = split_version_root(path)
        try:
            if scope["method"] == "OPTIONS" and path.rstrip("/") not in ("", "/v2", "/v2.1"):
                response = Response(200)
            elif version_root:
                response = await self._respond(scope, receive, version_root, path_below)
            else:
                response = await self._version_discovery.respond(scope, receive, path)
        except ClientDisconnected:
            return
        await _send(response, scope["method"], receive, send)

    async def _respond(
        self, scope: Scope, receive: Receive, version_root: str, path: str
    ) -> Response:
        """Return the response for `path` below `version_root`: ``/images`` below ``/v2.1``.

        Errors become responses, checked in a deployed Compute API's order: 413 for a body that is
        too large, 401 without a valid token, 404 for a method and path without a route, then
        those of `_perform`, and 501 for a route of Compute outside of images. It is 503 if the
        identity service is unavailable, or if request bodies take too much memory. Raises only
        ClientDisconnected.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        accept = header_text(headers, b"accept")
        try:
            body = await read_body(receive, headers, self._options.max_body_size)
            caller = await self._authenticate(scope)
        except BodyTooLarge:
            return body_too_large(scope["method"], accept)
        except Unauthorized:
            return self._unauthorized(scope)
        except (IdentityUnavailable, TooManyBodies) as error:
            return fault_response(fault_from_error(error), None)
        match = (
            ROUTE_TABLE.match(scope["method"], version_root, path)
            or self._server_routes.match(scope["method"], version_root, path)
            or match_unsupported_route(version_root, path)
        )
        if match is None:
            return route_not_found(scope["method"], accept)
        current_context.get().operation = match.route.name
        return await self._perform(scope, match, caller, body)

    async def _authenticate(self, scope: Scope) -> Caller:
        """Return the request's caller, and record it in the request context.

        Raises Unauthorized if X-Auth-Token is missing, or if it or X-Service-Token is refused;
        IdentityUnavailable if one could not be checked.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        token = headers.get(b"x-auth-token")
        service_token = headers.get(b"x-service-token")
        caller = await self._identity.authenticate(
            token.decode("latin-1") if token else None,
            service_token.decode("latin-1") if service_token else None,
            RequestTarget("compute", scope["method"], scope["path"]),
        )
        current_context.get().caller = caller
        return caller

    def _unauthorized(self, scope: Scope) -> Response:
        return unauthorized(self._identity.challenge(service_urls_of(scope).identity))

    async def _perform(self, scope: Scope, match: Match, caller: Caller, body: bytes) -> Response:
        """Parse and check a request, call its handler, and add the headers of all operations.

        A Fault and an error of `images.errors` become the response for it, NotAuthenticated a 401.
        """
        microversion: Microversion | None = None
        try:
            microversion = requested_microversion(
                scope["glimpse.headers"], match.version_root, self._options.max_microversion
            )
            image_service_url = await self._image_service_url(service_urls_of(scope).image)
            request = self._make_request(
                scope, match, caller, microversion, image_service_url, body
            )
            self._check_request(match.route, request)
            response = await match.route.handler(self._operations, request)
        except NotAuthenticated:  # the token has expired meanwhile, or Glance rejected it
            return self._unauthorized(scope)
        except (Fault, ImageServiceError) as error:
            fault = error if isinstance(error, Fault) else fault_from_error(error)
            return fault_response(fault, microversion)
        return self._complete_response(match.route, request, response)

    def _make_request(
        self,
        scope: Scope,
        match: Match,
        caller: Caller,
        microversion: Microversion | None,
        image_service_url: str,
        body: bytes,
    ) -> Request:
        """Make the handler's argument; the body is parsed for POST and PUT only.

        Raises a 415 fault, for any method, if `check_content_type` does not accept the
        Content-Type; a 400 fault for a body that is no JSON.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        method, base_url = scope["method"], scope["glimpse.base_url"]
        check_content_type(headers.get(b"content-type"))
        return Request(
            method=method,
            headers=headers,
            query_string=scope["query_string"],
            body=parse_json(body) if method in METHODS_WITH_BODY else None,
            caller=caller,
            base_url=base_url,
            version_root=match.version_root,
            project_id=match.project_id,
            resource_id=match.resource_id,
            key=match.key,
            microversion=microversion,
            links=make_links(
                base_url,
                match.version_root,
                match.project_id,
                image_service_url,
                self._link_prefixes,
            ),
            options=self._options,
        )

    def _check_request(self, route: Route, request: Request) -> None:
        """Raise a fault for a request that may not reach its handler.

        The first that applies: 400 for a project id in the path that is not the caller's, 404 for a
        microversion that no longer has the operation (unless `serve_removed` is set), 400 for a GET
        whose query is not UTF-8, 403 if `ComputePolicy.check` refuses the caller. A route without a
        policy rule skips the last check.
        """
        caller, project_id = request.caller, request.project_id
        if project_id and project_id != caller.project_id:
            raise Fault(
                400,
                f"Malformed request URL: URL's project_id '{project_id}' doesn't match "
                f"Context's project_id '{caller.project_id}'",
            )
        if route.last_microversion and request.microversion and not self._options.serve_removed:
            check_not_removed(
                (route.method, route.path),
                route.last_microversion,
                request.microversion,
                route.successor,
            )
        if request.method == "GET":
            check_query(request.query_string)
        if route.policy_rule is not None:
            self._policy.check(caller, route.policy_rule)

    def _complete_response(self, route: Route, request: Request, response: Response) -> Response:
        """Add the headers of all operations, and those that announce an operation's removal.

        The latter are added only if `route` has a last microversion. If entity tags are enabled,
        the response to a GET gets one, unless it is streamed; the response becomes a 304 without a
        body if If-None-Match has the same tag.
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
                request.links.image_service, request.resource_id, self._options.sunset
            )
        body = response.body
        if self._options.etags and request.method == "GET" and isinstance(body, bytes):
            etag = strong_etag(body)
            headers.append((b"etag", etag))
            if is_not_modified(request.headers.get(b"if-none-match"), etag):
                return Response(304, None, headers)
        return Response(response.status, body, headers)


async def _send(response: Response, method: str, receive: Receive, send: Send) -> None:
    """Send a response as ASGI messages; if its body is a generator, send piece by piece.

    A response to `method` HEAD has no body. A client that disconnects ends a stream without an
    error. Raises ResponseAborted if the image service fails while the stream is being sent.
    """
    status, body, headers = response
    if body is None or isinstance(body, bytes):
        await send_response(send, status, headers, body or b"", method=method)
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    try:
        await send_pieces(receive, send, body)
    except ImageServiceError as error:
        raise ResponseAborted(str(error)) from None
