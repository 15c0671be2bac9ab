"""The handlers of the Image API's operations; `routes` has their paths."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.request_middleware import ResponseAborted
from glimpse.http.request_scope import base_url_of
from glimpse.image_api import json_patch, validation
from glimpse.image_api.byte_ranges import parse_range
from glimpse.image_api.documents import image_document, page_document
from glimpse.image_api.faults import UnsupportedMediaType
from glimpse.image_api.list_query import parse_query
from glimpse.image_api.request_parsing import json_body, media_type, query_pairs
from glimpse.image_api.schema import IMAGE_SCHEMA, IMAGES_SCHEMA
from glimpse.images import Action, Caller
from glimpse.images.errors import Unavailable

PREFIX = "/image"  # where this API is mounted, below the base URL
_DATA = "application/octet-stream"
_MAX_BUFFERED_BYTES = 1024 * 1024  # bytes of a list: a thousand usual images


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The argument of a handler: an authenticated request, and the image service to use."""

    service: EmbeddedImageService
    caller: Caller
    http: Request

    @property
    def image_id(self) -> str:
        """The image id in the path, which may be any text."""
        text: str = self.http.path_params["image_id"]
        return text


Handler = Callable[[ImageRequest], Awaitable[Response]]


async def list_images(request: ImageRequest) -> Response:
    """``GET /v2/images``: a page of a list, with a link to the next page if there is one.

    A page of more than 1 MiB is streamed, because its 1,000 images may have a gigabyte. If the
    catalog cannot be read any more, the stream raises ResponseAborted.
    """
    pairs = query_pairs(request.http.scope["query_string"])
    pieces = page_document(request.service.list_images(request.caller, parse_query(pairs)), pairs)
    beginning: list[bytes] = []
    size = 0
    async for piece in pieces:
        beginning.append(piece)
        size += len(piece)
        if size > _MAX_BUFFERED_BYTES:
            stream = _abort_if_unreadable(_with_rest(beginning, pieces))
            return StreamingResponse(stream, media_type="application/json")
    return json_response(b"".join(beginning))


async def _with_rest(beginning: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of `beginning` as one, then the rest. Empties `beginning`."""
    beginning[:] = [b"".join(beginning)]
    yield beginning.pop()  # without a variable: a slow client may take long to receive it
    async for piece in rest:
        yield piece


async def show_image(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}``: the document of an image."""
    return json_response(
        image_document(await request.service.get_image(request.caller, request.image_id))
    )


async def create_image(request: ImageRequest) -> Response:
    """``POST /v2/images``: 201; create an image without data, in status queued.

    The caller's project owns it, unless an admin names another owner. Location has its URL.
    """
    new = validation.parse_new_image(request.caller, await json_body(request.http))
    image = await request.service.create_image(request.caller, new)
    location = f"{base_url_of(request.http.scope)}{PREFIX}/v2/images/{image.id}"
    return json_response(image_document(image), status=201, headers={"Location": location})


async def update_image(request: ImageRequest) -> Response:
    """``PATCH /v2/images/{image_id}``: apply a JSON patch atomically; return the new document.

    An empty patch changes nothing, not even ``updated_at``. Raises UnsupportedMediaType unless the
    Content-Type is one of json_patch.MEDIA_TYPES.
    """
    kind = media_type(request.http)
    json_patch.check_media_type(kind)
    operations = json_patch.parse_patch(kind, await json_body(request.http))
    if operations:
        image = await request.service.update_image(
            request.caller,
            request.image_id,
            lambda image: json_patch.apply_patch(
                request.caller, image, operations, request.service.permissions
            ),
        )
    else:
        image = await request.service.get_image(request.caller, request.image_id)
    return json_response(image_document(image))


async def delete_image(request: ImageRequest) -> Response:
    """``DELETE /v2/images/{image_id}``: 204; delete an image and its data."""
    await request.service.delete_image(request.caller, request.image_id)
    return Response(status_code=204)


async def deactivate_image(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/actions/deactivate``: 204; then only admins can download."""
    await request.service.update_image(
        request.caller, request.image_id, json_patch.deactivate, Action.DEACTIVATE
    )
    return Response(status_code=204)


async def reactivate_image(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/actions/reactivate``: 204; undo `deactivate_image`."""
    await request.service.update_image(
        request.caller, request.image_id, json_patch.reactivate, Action.REACTIVATE
    )
    return Response(status_code=204)


async def upload_data(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/file``: 204; store an image's data piece by piece.

    Raises UnsupportedMediaType unless the Content-Type is application/octet-stream, Invalid if an
    image in status queued has no disk or container format, and what `service.upload` raises.
    """
    if media_type(request.http) != _DATA:
        raise UnsupportedMediaType(f"Image data is uploaded with Content-Type {_DATA}.", _DATA)
    await request.service.upload(
        request.caller, request.image_id, request.http.stream(), validation.check_formats
    )
    return Response(status_code=204)


async def download_data(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/file``: 200 with data, 206 with a range of it, 204 if none.

    Content-MD5 has the checksum of all data, also in a 206. Raises what `parse_range` and
    `service.open_data` raise. If the data cannot be read while it is streamed, the stream raises
    ResponseAborted.
    """
    data = await request.service.open_data(request.caller, request.image_id)
    byte_range = parse_range(request.http.headers.get("range"), data.size)
    start, end = (byte_range.start, byte_range.end) if byte_range else (0, data.size)
    headers = {"Content-Length": str(end - start)}
    if data.checksum:
        headers["Content-MD5"] = data.checksum
    if byte_range:
        headers["Content-Range"] = byte_range.content_range
    return StreamingResponse(
        _abort_if_unreadable(await data.read(start, end)),
        status_code=206 if byte_range else 200,
        headers=headers,
        media_type=_DATA,
    )


async def _abort_if_unreadable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body. Raises ResponseAborted if `pieces` raises Unavailable."""
    try:
        async for piece in pieces:
            yield piece
    except Unavailable as error:
        raise ResponseAborted(str(error)) from None


async def image_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/image``: the JSON schema of an image."""
    return json_response(orjson.dumps(IMAGE_SCHEMA))


async def images_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/images``: the JSON schema of a page of images."""
    return json_response(orjson.dumps(IMAGES_SCHEMA))


def json_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with a JSON document as its body."""
    return Response(body, status_code=status, headers=headers, media_type="application/json")
