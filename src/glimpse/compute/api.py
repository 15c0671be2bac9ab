"""ComputeAPI: the Compute Images API as an ASGI application.

ComputeAPI finds routes itself, because a framework's router matches in another way than a deployed
Compute API. Repeated slashes count as one slash. A method that a path does not have gets 404, not
405. Without a router, requests also take half of the time.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from glimpse.compute.common_headers import add_common_headers
from glimpse.compute.entity_tags import with_entity_tag
from glimpse.compute.error_responses import (
    body_too_large_response,
    fault_response,
    route_not_found_response,
    unauthorized_response,
)
from glimpse.compute.faults import Fault, fault_from_error
from glimpse.compute.links import LinkPrefixes, make_link_bases
from glimpse.compute.microversions import Microversion, requested_microversion
from glimpse.compute.options import ComputeOptions
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.request import Request
from glimpse.compute.request_checks import check_request
from glimpse.compute.request_parsing import (
    METHODS_WITH_BODY,
    check_content_type,
    header_text,
    parse_json,
)
from glimpse.compute.responses import Response
from glimpse.compute.routes import Match, RouteTable, split_version_root
from glimpse.compute.unsupported_routes import match_unsupported_route
from glimpse.compute.version_discovery import VersionDiscovery
from glimpse.http.bodies import BodyTooLarge, ClientDisconnected, read_body, send_pieces
from glimpse.http.body_memory import TooManyBodies
from glimpse.http.request_middleware import ResponseAborted
from glimpse.http.request_scope import service_urls_of
from glimpse.http.responses import send_response
from glimpse.identity import Identity, IdentityUnavailable, RequestTarget, Unauthorized
from glimpse.images import Caller
from glimpse.images.errors import ImageServiceError, NotAuthenticated
from glimpse.telemetry.request_context import current_context

_REPEATED_SLASHES = re.compile(r"/{2,}")


class ComputeAPI:
    """ASGI application of the Compute API: version discovery, images, and optionally servers.

    The scope must be of type ``http``, and must have the keys that `RequestMiddleware` adds.

    `image_service_url` returns the base URL of the Image service, for links. Its argument is the
    URL of this process's own Image API. If it raises an ImageServiceError, the request gets an
    error response.
    """

    def __init__(
        self,
        image_routes: RouteTable,
        policy: ComputePolicy,
        identity: Identity,
        image_service_url: Callable[[str], Awaitable[str]],
        options: ComputeOptions,
        server_routes: RouteTable | None = None,
    ) -> None:
        """If `server_routes` is None, the paths of servers and flavors get 501."""
        self._image_routes = image_routes
        self._server_routes = server_routes or RouteTable(())
        self._policy = policy
        self._identity = identity
        self._image_service_url = image_service_url
        self._options = options
        self._link_prefixes = LinkPrefixes(options.compute_link_prefix, options.glance_link_prefix)
        self._version_discovery = VersionDiscovery(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response to a request.

        Repeated slashes in the path count as one. OPTIONS needs no token. For ``/``, ``/v2`` and
        ``/v2.1``, OPTIONS gets the same documents as GET. For other paths, and if GET would get an
        error, OPTIONS gets 200 with an empty body.

        Errors of operations become error responses: a Fault, an ImageServiceError, an
        IdentityError, and a body that is too large, alone or with those of other requests. If the
        client disconnects before the request's body is complete, nothing is sent. Raises
        ResponseAborted if the image service fails while a list is being streamed. Other exceptions
        are raised unchanged.
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
        """Return the response for a path such as ``/images`` below ``/v2.1``, the version root.

        Errors become responses. The first error that applies is reported, in a deployed Compute
        API's order:

        - 413 for a body that is too large, 503 if request bodies take too much memory;
        - 401 without a valid token, 503 if the identity service is unavailable;
        - 404 if no route has the method and path;
        - the error responses of `_perform`; for example, 501 for an operation of Compute that
          Glimpse does not implement.

        Records the caller in the request context, and the operation if a route matches. Raises
        ClientDisconnected if the client disconnects before the body is complete.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        accept = header_text(headers, b"accept")
        try:
            body = await read_body(receive, headers, self._options.max_body_size)
            caller = await self._authenticate(scope)
        except BodyTooLarge:
            return body_too_large_response(scope["method"], accept)
        except Unauthorized:
            return self._unauthorized(scope)
        except (IdentityUnavailable, TooManyBodies) as error:
            return fault_response(fault_from_error(error), None)
        match = (
            self._image_routes.match(scope["method"], version_root, path)
            or self._server_routes.match(scope["method"], version_root, path)
            or match_unsupported_route(version_root, path)
        )
        if match is None:
            return route_not_found_response(scope["method"], accept)
        current_context.get().operation = match.route.name
        return await self._perform(scope, match, caller, body)

    async def _authenticate(self, scope: Scope) -> Caller:
        """Return the request's caller, and record the caller in the request context.

        Raises Unauthorized if X-Auth-Token is missing, empty or not valid, if X-Service-Token is
        not valid, or if the access rules of the token do not allow the request. Raises
        IdentityUnavailable if a token could not be checked.
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
        return unauthorized_response(self._identity.challenge(service_urls_of(scope).identity))

    async def _perform(self, scope: Scope, match: Match, caller: Caller, body: bytes) -> Response:
        """Parse and check a request, call its handler, and complete the headers of the response.

        Checks the microversion, calls `image_service_url`, checks Content-Type and body, calls
        `check_request`, then the handler. The first of these steps that fails determines the error
        response: a 401 for NotAuthenticated, otherwise the response of the Fault or
        ImageServiceError. Other exceptions are raised unchanged.

        With the option `etags`, the handler's response to a GET gets an ETag, unless it is
        streamed. If the request's If-None-Match lists this ETag, the response becomes a 304.
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
            check_request(match.route, request, self._policy)
            response = await match.route.handler(request)
        except NotAuthenticated:  # the token has expired since, or Glance refused it
            return self._unauthorized(scope)
        except (Fault, ImageServiceError) as error:
            fault = error if isinstance(error, Fault) else fault_from_error(error)
            return fault_response(fault, microversion)
        response = add_common_headers(match.route, request, response)
        if request.options.etags and request.method == "GET":
            return with_entity_tag(response, request.headers.get(b"if-none-match"))
        return response

    def _make_request(
        self,
        scope: Scope,
        match: Match,
        caller: Caller,
        microversion: Microversion | None,
        image_service_url: str,
        body: bytes,
    ) -> Request:
        """Return the handler's argument, whose `body` is None unless the method is POST or PUT.

        Raises a 415 fault if the Content-Type is not allowed (see `check_content_type`), even if
        the method has no body. Raises a 400 fault if the body of a POST or PUT is not JSON.
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
            link_bases=make_link_bases(
                base_url,
                match.version_root,
                match.project_id,
                image_service_url,
                self._link_prefixes,
            ),
            options=self._options,
        )


async def _send(response: Response, method: str, receive: Receive, send: Send) -> None:
    """Send a response as ASGI messages; the pieces of a generator are sent one by one.

    If `method` is HEAD, a body of bytes is left out. (Only a GET has a generator as its body.)

    The status and headers are sent before the first piece. If the client disconnects, the next
    piece is not sent, and this function returns without an error. Raises ResponseAborted if the
    generator raises an ImageServiceError. Once the headers are sent, the generator is closed at the
    end, also after an error.
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
