"""Handlers of images: list, show, create, change, delete, deactivate, reactivate.

Each handler raises Invalid for a malformed request, and the errors of the `EmbeddedImageService`
method that the handler calls.
"""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from glimpse.embedded.image_locations import STORE_ID
from glimpse.http.request_scope import base_url_of
from glimpse.image_api import json_patch, validation
from glimpse.image_api.image_documents import image_document, page_document
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.list_query import parse_query
from glimpse.image_api.request_parsing import json_body, media_type, query_pairs
from glimpse.image_api.responses import abort_if_unreadable, json_response
from glimpse.images import Action
from glimpse.images.deactivation import deactivated, reactivated

_MAX_BUFFERED_BYTES = 1024 * 1024  # bytes of a list: a thousand usual images


async def list_images(request: ImageRequest) -> Response:
    """``GET /v2/images``: a page of a list, with a link to the next page if there is one.

    A response of more than 1 MiB is streamed, because 1,000 images may take a gigabyte. Raises
    these errors before the response starts:

    - Invalid if the query is not valid (see `parse_query`).
    - Forbidden if the caller may not list images.
    - MarkerNotFound if no image has the marker as its id.
    - MarkerNotVisible if the caller may not see the image that the marker names.
    - Unavailable if the catalog cannot be read.

    If the catalog becomes unreadable after the first MiB, the stream raises ResponseAborted.
    """
    pairs = query_pairs(request.http.scope["query_string"])
    pieces = page_document(request.service.list_images(request.caller, parse_query(pairs)), pairs)
    beginning: list[bytes] = []
    size = 0
    async for piece in pieces:
        beginning.append(piece)
        size += len(piece)
        if size > _MAX_BUFFERED_BYTES:
            stream = abort_if_unreadable(_with_rest(beginning, pieces))
            return StreamingResponse(stream, media_type="application/json")
    return json_response(b"".join(beginning))


async def _with_rest(beginning: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces in `beginning` as one piece, then the rest. Empties `beginning`."""
    beginning[:] = [b"".join(beginning)]
    yield beginning.pop()  # without a variable: a slow client may take long to receive it
    async for piece in rest:
        yield piece


async def show_image(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}``: the document of an image.

    Raises ImageNotFound if there is no such image or the caller may not see the image. Raises
    Unavailable if the catalog cannot be read.
    """
    return json_response(
        image_document(await request.service.get_image(request.caller, request.image_id))
    )


async def create_image(request: ImageRequest) -> Response:
    """``POST /v2/images``: 201 and the document of a new image, queued and without data.

    The caller's project owns the image, unless an admin names another owner. Response headers have
    the image's URL, the store for the image's data, and the enabled import methods. Raises these
    errors, and then stores nothing:

    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid if the body is not JSON, or has a key or a value that is not allowed.
    - Forbidden if the caller may not create images, or may not set one of the attributes.
    - QuotaExceeded for too many properties or tags, or too many images of the project.
    - Conflict if another image has the id.
    - Unavailable if the catalog cannot be written.
    """
    body, formats = await json_body(request.http), request.service.image_formats
    new = validation.parse_new_image(request.caller, body, formats)
    quotas = request.service.image_quotas
    image = await request.service.create_image(
        request.caller, new, lambda image: validation.check_limits(image, quotas)
    )
    headers = {
        "Location": f"{base_url_of(request.http.scope)}/v2/images/{image.id}",
        "OpenStack-image-store-ids": STORE_ID,
    }
    if request.service.imports.methods:
        headers["OpenStack-image-import-methods"] = ",".join(request.service.imports.methods)
    return json_response(image_document(image), status=201, headers=headers)


async def update_image(request: ImageRequest) -> Response:
    """``PATCH /v2/images/{image_id}``: apply a JSON patch atomically; return the new document.

    An empty patch only reads the image: not even ``updated_at`` changes. Raises these errors, and
    then changes nothing:

    - UnsupportedMediaType if the Content-Type is not one of json_patch.MEDIA_TYPES.
    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid if the body is not a JSON patch, or has a key or a value that is not allowed.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the caller may not change the image, or an attribute that the patch changes.
    - Conflict if the patch replaces or removes a property that does not exist.
    - Conflict if a v2.0 patch adds an attribute, or a property that exists.
    - QuotaExceeded if the image would have too many tags or properties.
    - Unavailable if the catalog cannot be read or written.
    """
    kind = media_type(request.http)
    json_patch.check_media_type(kind)
    body, formats = await json_body(request.http), request.service.image_formats
    operations = json_patch.parse_patch(kind, body, formats)
    if operations:
        image = await request.service.update_image(
            request.caller,
            request.image_id,
            lambda image: json_patch.apply_patch(
                request.caller,
                image,
                operations,
                request.service.permissions,
                request.service.image_quotas,
            ),
        )
    else:
        image = await request.service.get_image(request.caller, request.image_id)
    return json_response(image_document(image))


async def delete_image(request: ImageRequest) -> Response:
    """``DELETE /v2/images/{image_id}``: 204; delete an image and its data.

    A running upload or import of the image fails. If the data cannot be removed, the image is still
    deleted. Raises ImageNotFound if there is no such image or the caller may not see the image.
    Raises Forbidden if the caller may not delete the image, or if the image is protected. Raises
    Unavailable if the disk cannot be read or written.
    """
    await request.service.delete_image(request.caller, request.image_id)
    return Response(status_code=204)


async def deactivate_image(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/actions/deactivate``: 204; let only admins download.

    A deactivated image stays deactivated; ``updated_at`` changes all the same. Raises ImageNotFound
    if there is no such image or the caller may not see the image. Raises Forbidden if the image is
    neither active nor deactivated, or if the caller may not deactivate the image. Raises
    Unavailable if the catalog cannot be written.
    """
    await request.service.update_image(
        request.caller, request.image_id, deactivated, Action.DEACTIVATE
    )
    return Response(status_code=204)


async def reactivate_image(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/actions/reactivate``: 204; undo `deactivate_image`.

    An active image stays active; ``updated_at`` changes all the same. Raises ImageNotFound if there
    is no such image or the caller may not see the image. Raises Forbidden if the image is neither
    active nor deactivated, or if the caller may not reactivate the image. Raises Unavailable if the
    catalog cannot be written.
    """
    await request.service.update_image(
        request.caller, request.image_id, reactivated, Action.REACTIVATE
    )
    return Response(status_code=204)
