"""The routes of the Image API v2 as data, and their handlers: parse, ask the service, render."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.request_middleware import ResponseAborted
from glimpse.identity import Identity, RequestTarget
from glimpse.image_api import json_patch, validation
from glimpse.image_api.byte_ranges import parse_range
from glimpse.image_api.documents import image_document, page_document
from glimpse.image_api.faults import HANDLED, MethodNotAllowed, UnsupportedMediaType, fault
from glimpse.image_api.requests import json_body, media_type, parse_query, query_pairs
from glimpse.image_api.schema import IMAGE_SCHEMA, IMAGES_SCHEMA
from glimpse.image_api.version_discovery import versions_document
from glimpse.images import Action, Caller
from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import current_context

PREFIX = "/image"  # where this API is mounted, below the base URL
_DATA = "application/octet-stream"
_AT_ONCE = 1024 * 1024  # bytes of a list: what a thousand usual images have


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request: all that a handler needs."""

    service: EmbeddedImageService
    caller: Caller
    request: Request

    @property
    def image_id(self) -> str:
        """The id in the path; any text."""
        text: str = self.request.path_params["image_id"]
        return text


Handler = Callable[[Call], Awaitable[Response]]


def image_api(service: EmbeddedImageService, identity: Identity) -> ASGIApp:
    """The Image API v2 over `service` for the callers that `identity` knows.

    To be mounted at PREFIX. ``scope["glimpse.base_url"]`` must hold this process's URL as the
    client reached it, without PREFIX.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return fault(request, error, identity.challenge(_base_url(request)))

    routes = [Route(path, Resource(handlers, service, identity)) for path, handlers in _ROUTES]
    routes += [Route(path, _versions(status)) for path, status in _VERSIONS]
    app = Starlette(routes=routes, exception_handlers=dict.fromkeys(HANDLED, handle))
    app.router.redirect_slashes = False

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": _plain_path(scope["path"], scope.get("root_path", ""))}
        await app(scope, receive, send)

    return api


def _plain_path(path: str, root: str) -> str:
    """The path as routes have it, for the ways in which clients extend a catalog's URL.

    That URL has no slash after it, or one more than it should: slashes in a row count as one, as
    in the Image service. Where it ends in ``/v2``, glanceclient adds ``/v2`` once more: it takes
    the version off a URL only when nothing stands before it.
    """
    while "//" in path:
        path = path.replace("//", "/")
    if path == root:
        return path + "/"
    if path.startswith(f"{root}/v2/v2/"):
        return root + path.removeprefix(f"{root}/v2")
    return path


class Resource:
    """One path: authenticates, then calls the handler of the request's method.

    Raises MethodNotAllowed and whatever identity and handlers raise.
    """

    def __init__(
        self, handlers: dict[str, Handler], service: EmbeddedImageService, identity: Identity
    ) -> None:
        self._handlers = handlers
        self._service = service
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope, receive, send)
        headers = request.headers
        path = scope["path"].removeprefix(scope["root_path"])
        caller = await self._identity.authenticate(
            headers.get("x-auth-token"),
            headers.get("x-service-token"),
            RequestTarget("image", request.method, path),
        )
        notes = current_context.get()
        notes.caller = caller
        handler = self._handlers.get(request.method)
        if handler is None:
            raise MethodNotAllowed(", ".join(self._handlers))
        notes.operation = f"image.{handler.__name__}"
        response = await handler(Call(self._service, caller, request))
        await response(scope, receive, send)


async def list_images(call: Call) -> Response:
    """``GET /v2/images``: a page, and the way to the next one if there is a further image.

    Sent whole where it is short, and else as it is made: a thousand images may be a gigabyte.
    """
    pairs = query_pairs(call.request.scope["query_string"])
    pieces = page_document(call.service.list_images(call.caller, parse_query(pairs)), pairs)
    beginning: list[bytes] = []
    size = 0
    async for piece in pieces:
        beginning.append(piece)
        size += len(piece)
        if size > _AT_ONCE:
            return StreamingResponse(_all(beginning, pieces), media_type="application/json")
    return _json(b"".join(beginning))


async def _all(beginning: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"".join(beginning)
    beginning.clear()  # it may be long until the client has taken it
    async for piece in rest:
        yield piece


async def show_image(call: Call) -> Response:
    """``GET /v2/images/{image_id}``."""
    return _json(image_document(await call.service.get_image(call.caller, call.image_id)))


async def create_image(call: Call) -> Response:
    """``POST /v2/images``: a record without data yet, owned by the caller's project."""
    new = validation.new_image(call.caller, await json_body(call.request))
    image = await call.service.create_image(call.caller, new)
    location = f"{_base_url(call.request)}{PREFIX}/v2/images/{image.id}"
    return _json(image_document(image), status=201, headers={"Location": location})


async def update_image(call: Call) -> Response:
    """``PATCH /v2/images/{image_id}``: applied to the image as it is by then, atomically."""
    kind = media_type(call.request)
    json_patch.check_media_type(kind)
    changes = json_patch.parse_patch(kind, await json_body(call.request))
    if changes:
        image = await call.service.update_image(
            call.caller,
            call.image_id,
            lambda image: json_patch.apply_patch(
                call.caller, image, changes, call.service.permissions
            ),
        )
    else:
        image = await call.service.get_image(call.caller, call.image_id)
    return _json(image_document(image))


async def delete_image(call: Call) -> Response:
    """``DELETE /v2/images/{image_id}``."""
    await call.service.delete_image(call.caller, call.image_id)
    return Response(status_code=204)


async def deactivate_image(call: Call) -> Response:
    """``POST /v2/images/{image_id}/actions/deactivate``."""
    await call.service.update_image(
        call.caller, call.image_id, json_patch.deactivate, Action.DEACTIVATE
    )
    return Response(status_code=204)


async def reactivate_image(call: Call) -> Response:
    """``POST /v2/images/{image_id}/actions/reactivate``."""
    await call.service.update_image(
        call.caller, call.image_id, json_patch.reactivate, Action.REACTIVATE
    )
    return Response(status_code=204)


async def upload_data(call: Call) -> Response:
    """``PUT /v2/images/{image_id}/file``: streamed, never whole in memory."""
    if media_type(call.request) != _DATA:
        raise UnsupportedMediaType(f"Image data is uploaded with Content-Type {_DATA}.", _DATA)
    await call.service.upload(
        call.caller, call.image_id, call.request.stream(), validation.check_formats
    )
    return Response(status_code=204)


async def download_data(call: Call) -> Response:
    """``GET /v2/images/{image_id}/file``, all of it or one range, streamed."""
    data = await call.service.open_data(call.caller, call.image_id)
    part = parse_range(call.request.headers.get("range"), data.size)
    start, end = (part.start, part.end) if part else (0, data.size)
    headers = {"Content-Length": str(end - start)}
    if data.checksum:
        headers["Content-MD5"] = data.checksum
    if part:
        headers["Content-Range"] = part.content_range
    return StreamingResponse(
        _cut_if_unreadable(await data.read(start, end)),
        status_code=206 if part else 200,
        headers=headers,
        media_type=_DATA,
    )


async def _cut_if_unreadable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces; raises ResponseAborted when the store fails after the first were sent."""
    try:
        async for piece in pieces:
            yield piece
    except Unavailable as error:
        raise ResponseAborted(str(error)) from None


async def image_schema(_call: Call) -> Response:
    """``GET /v2/schemas/image``."""
    return _json(orjson.dumps(IMAGE_SCHEMA))


async def images_schema(_call: Call) -> Response:
    """``GET /v2/schemas/images``."""
    return _json(orjson.dumps(IMAGES_SCHEMA))


def _versions(status: int) -> Callable[[Request], Awaitable[Response]]:
    async def versions(request: Request) -> Response:
        return _json(versions_document(_base_url(request) + PREFIX), status=status)

    return versions


# A client that finds a version in its catalog's URL asks there first, without a token; the glance
# command adds /versions to that URL.
_VERSIONS = [
    *(("/", 300), ("/versions", 200), ("/versions/", 200)),
    *(("/v2", 300), ("/v2/", 300), ("/v2/versions", 200)),
]

_ROUTES: list[tuple[str, dict[str, Handler]]] = [
    ("/v2/images", {"GET": list_images, "POST": create_image}),
    (
        "/v2/images/{image_id}",
        {"GET": show_image, "PATCH": update_image, "DELETE": delete_image},
    ),
    ("/v2/images/{image_id}/file", {"GET": download_data, "PUT": upload_data}),
    ("/v2/images/{image_id}/actions/deactivate", {"POST": deactivate_image}),
    ("/v2/images/{image_id}/actions/reactivate", {"POST": reactivate_image}),
    ("/v2/schemas/image", {"GET": image_schema}),
    ("/v2/schemas/images", {"GET": images_schema}),
]


def _base_url(request: Request) -> str:
    base_url: str = request.scope["glimpse.base_url"]
    return base_url


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")
