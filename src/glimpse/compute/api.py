"""ComputeAPI: the Compute Images API as an ASGI application.

Plain ASGI, not a framework's router: what a path, a verb or a header means here follows a deployed
Compute API (repeated slashes, 404 where others say 405, three kinds of error body), and one page
of 25 costs less than half of what it costs through a framework.
"""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from glimpse.compute import responses
from glimpse.compute.content_negotiation import preference
from glimpse.compute.faults import Fault, fault_from_error, no_such_resource
from glimpse.compute.microversions import Microversion
from glimpse.compute.operations import Answer, ComputeRequest, Operations, Streamed
from glimpse.compute.options import ComputeOptions
from glimpse.compute.request_parsing import (
    VERBS_WITH_BODY,
    check_content_type,
    check_query,
    header_text,
    parse_json,
)
from glimpse.compute.routes import Match, match_route
from glimpse.compute.version_discovery import Discovery
from glimpse.compute.views import make_links
from glimpse.http.bodies import (
    BodyTooLarge,
    ClientGone,
    TooManyBodies,
    read_body,
    send_pieces,
)
from glimpse.http.cache_headers import PRIVATE
from glimpse.http.request_middleware import ResponseAborted
from glimpse.identity import Identity, IdentityUnavailable, RequestTarget, Unauthorized
from glimpse.images import Caller
from glimpse.images.errors import ImageServiceError, NotAuthenticated
from glimpse.telemetry.redaction import quote_url
from glimpse.telemetry.request_context import current_context

_REPEATED_SLASHES = re.compile(r"/{2,}")
# Compute deprecated these operations with microversion 2.36, in its Newton release: 2016-10-06.
_DEPRECATED_SINCE = b"@1475712000"


class ComputeAPI:
    """Serves ``/``, ``/v2`` and ``/v2.1``, with the scope that `RequestMiddleware` prepares.

    `image_service_url` gives the Image service's base URL for the process's own base URL; it may
    raise errors of `images.errors`.
    """

    def __init__(
        self,
        operations: Operations,
        identity: Identity,
        image_service_url: Callable[[str], Awaitable[str]],
        options: ComputeOptions,
    ) -> None:
        self._operations = operations
        self._identity = identity
        self._image_service_url = image_service_url
        self._options = options
        self._discovery = Discovery(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"]
        if "//" in path:
            path = _REPEATED_SLASHES.sub("/", path)
        if scope["method"] == "OPTIONS" and path.rstrip("/") not in ("", "/v2", "/v2.1"):
            await responses.send_body(send, 200, [], b"", "OPTIONS")
        elif path.startswith("/v2.1/") and path != "/v2.1/":
            await self._serve(scope, receive, send, "/v2.1", path[5:])
        elif path.startswith("/v2/") and path != "/v2/":
            await self._serve(scope, receive, send, "/v2", path[3:])
        else:
            await self._discovery.serve(scope, receive, send, path)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, root: str, path: str
    ) -> None:
        """Answer a request below a version root: body size, token, route, operation, in turn."""
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        verb = scope["method"]
        accept = header_text(headers, b"accept")
        try:
            body = await read_body(receive, headers, self._options.max_body_size)
            caller = await self._authenticate(scope)
        except BodyTooLarge:
            await responses.send_too_large(send, verb, accept)
            return
        except Unauthorized:
            await self._send_unauthorized(scope, send)
            return
        except (IdentityUnavailable, TooManyBodies) as error:
            fault = Fault(503, str(error), retry_after=error.retry_after)
            await responses.send_fault(send, fault, None)
            return
        except ClientGone:
            return
        match = match_route(verb, path)
        if match is None:
            await responses.send_no_route(send, verb, accept)
            return
        current_context.get().operation = match.route.operation
        version: Microversion | None = None
        try:
            version = self._options.microversion(headers, root)
            image_url = await self._image_service_url(scope["glimpse.base_url"])
            answer = await self._operate(scope, caller, match, root, body, version, image_url)
        except Fault as fault:
            await responses.send_fault(send, fault, version)
        except NotAuthenticated:  # the token ended after it was found good, or is good only here
            await self._send_unauthorized(scope, send)
        except ImageServiceError as error:
            await responses.send_fault(send, fault_from_error(error), version)
        else:
            await self._send_answer(scope, receive, send, match, answer, version, image_url)

    async def _send_unauthorized(self, scope: Scope, send: Send) -> None:
        challenge = self._identity.challenge(scope["glimpse.base_url"])
        await responses.send_unauthorized(send, challenge)

    async def _authenticate(self, scope: Scope) -> Caller:
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

    async def _operate(
        self,
        scope: Scope,
        caller: Caller,
        match: Match,
        root: str,
        body: bytes,
        version: Microversion | None,
        image_url: str,
    ) -> Answer:
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        check_content_type(headers.get(b"content-type"))
        parsed = parse_json(body) if scope["method"] in VERBS_WITH_BODY else None
        if match.project_id and match.project_id != caller.project_id:
            raise _other_project(match, caller)
        last = match.route.last
        if version and last and version > last and not self._options.serve_removed:
            raise _removed(match, version)
        if scope["method"] == "GET":
            check_query(scope["query_string"])
        if match.route.operation == "show_version":
            return self._discovery.version(scope, root)
        request = ComputeRequest(
            caller=caller,
            query_string=scope["query_string"],
            body=parsed,
            image_id=match.image_id,
            key=match.key,
            links=make_links(
                scope["glimpse.base_url"],
                root,
                match.project_id,
                image_url,
                compute_prefix=self._options.compute_link_prefix,
                image_prefix=self._options.glance_link_prefix,
            ),
            legacy=root == "/v2",
        )
        return await self._operations.handler(match.route.operation, caller)(request)

    async def _send_answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        match: Match,
        answer: Answer,
        version: Microversion | None,
        image_url: str,
    ) -> None:
        request_headers: dict[bytes, bytes] = scope["glimpse.headers"]
        headers = [
            (
                b"content-type",
                preference(header_text(request_headers, b"accept")).content_type.encode(),
            ),
            *responses.version_headers(version),
            *PRIVATE,
            *responses.request_id_headers(),
            *self._notices(image_url, match),
        ]
        if answer is None:
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body"})
        elif isinstance(answer, Streamed):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            try:
                await send_pieces(receive, send, answer.pieces)
            except ImageServiceError as error:
                raise ResponseAborted(str(error)) from None
        elif self._options.etags and scope["method"] == "GET":
            etag = responses.strong_etag(answer)
            headers.append((b"etag", etag))
            if responses.is_not_modified(request_headers.get(b"if-none-match"), etag):
                await send({"type": "http.response.start", "status": 304, "headers": headers})
                await send({"type": "http.response.body"})
            else:
                await responses.send_body(send, 200, headers, answer, "GET")
        else:
            await responses.send_body(send, 200, headers, answer, scope["method"])

    def _notices(self, image_url: str, match: Match) -> responses.Headers:
        """That the operation is deprecated (RFC 9745), until when (RFC 8594), and what is next."""
        if match.route.last is None:
            return []
        native = quote_url(image_url.rstrip("/")) + "/v2/images"  # of Keystone's catalog
        if match.image_id:
            native += "/" + _quoted(match.image_id)
        link = f'<{native}>; rel="successor-version"'.encode("ascii")
        notices = [(b"deprecation", _DEPRECATED_SINCE), (b"link", link)]
        if self._options.sunset:
            notices.append((b"sunset", self._options.sunset.encode("latin-1")))
        return notices


def _quoted(text: str) -> str:
    return text if text.isascii() and text.replace("-", "").isalnum() else quote(text, safe="")


def _other_project(match: Match, caller: Caller) -> Fault:
    """The 400 for a path below the id of another project than the token's."""
    return Fault(
        400,
        f"Malformed request URL: URL's project_id '{match.project_id}' doesn't match "
        f"Context's project_id '{caller.project_id}'",
    )


def _removed(match: Match, version: Microversion) -> Fault:
    """The 404 of an operation that this microversion has no longer (repair R6)."""
    missing = no_such_resource()
    return Fault(
        404,
        f"{missing.message} {match.route.verb} {match.route.template} of the Compute API ended at "
        f"microversion {match.route.last} (asked for: {version}). "
        f"Use {match.route.successor} of the Image API instead.",
    )
