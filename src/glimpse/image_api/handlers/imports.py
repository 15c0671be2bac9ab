"""Handlers of imports: stage data, start imports, and show import methods and tasks."""

import orjson
from starlette.responses import Response

from glimpse.image_api.data_requests import check_octet_stream, declared_size, require_size
from glimpse.image_api.faults import NotEnabled
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.import_requests import parse_import_request
from glimpse.image_api.request_parsing import json_body
from glimpse.image_api.responses import json_response
from glimpse.image_api.task_documents import image_tasks_document
from glimpse.telemetry.request_context import current_context


async def show_import_methods(request: ImageRequest) -> Response:
    """``GET /v2/info/import``: a list, maybe empty, of the import methods that are enabled."""
    methods = {
        "description": "Import methods available.",
        "type": "array",
        "value": request.service.imports.methods,
    }
    return json_response(orjson.dumps({"import-methods": methods}))


async def stage_data(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/stage``: 204; store data for a later import.

    The status of the image becomes uploading. Raises these errors:

    - NotEnabled if the method glance-direct is not enabled.
    - UnsupportedMediaType if the Content-Type is not application/octet-stream.
    - Invalid if the declared size is not an integer, or not the size of the data.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the caller may not modify the image.
    - Conflict if the image is not queued, or another request gives it data.
    - QuotaExceeded or DataTooLarge if a quota or the size limit does not allow the data.
    - StorageFull or Unavailable if the data cannot be stored.
    - ClientDisconnect if the client disconnects before the end.

    After an error while data is being stored, the image is queued again, without data. If the disk
    cannot be written then, the image stays in status uploading until the next upload or start.
    """
    if "glance-direct" not in request.service.imports.methods:
        raise NotEnabled("'glance-direct' method is not available at this site.")
    check_octet_stream(request.http, "staged")
    size = declared_size(request.http)
    chunks = require_size(request.http.stream(), size)
    await request.service.imports.stage(request.caller, request.image_id, chunks, size)
    return Response(status_code=204)


async def import_data(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/import``: 202; start an import in the background.

    The image gets the staged data, or data at a URL. If the import fails later, the image is queued
    again, and staged data is removed. Raises these errors, and then starts no import:

    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid if the body is malformed or has more than 16 KiB, if it names a method that is not
      enabled, or if nothing may be downloaded from its URL.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the caller may not modify the image.
    - Conflict if the status or the formats of the image do not allow the import, if another request
      gives it data, or if the body or X-Image-Meta-Store names an unknown store.
    - QuotaExceeded if the project has more stored data than it may have.
    - Unavailable if too many imports are waiting.
    - Unavailable or StorageFull if the disk cannot be written.
    """
    imports = request.service.imports
    wanted = parse_import_request(
        await json_body(request.http),
        request.http.headers.get("x-image-meta-store"),
        imports.methods,
        current_context.get().request_id,
    )
    await imports.start(request.caller, request.image_id, wanted)
    return Response(status_code=202)


async def list_image_tasks(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/tasks``: the tasks of an image, oldest first.

    Expired tasks, and all but the 100 newest tasks, are left out. Only an admin sees the tasks of
    other projects. Raises ImageNotFound if there is no such image or the caller may not see the
    image. Raises Unavailable if the catalog cannot be read.
    """
    tasks = await request.service.imports.tasks_of_image(request.caller, request.image_id)
    return json_response(image_tasks_document(tasks))
