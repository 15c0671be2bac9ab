"""Handlers of image data: upload and download."""

from collections.abc import Iterable

from starlette.responses import Response

from glimpse.embedded.image_locations import STORE_ID
from glimpse.image_api import validation
from glimpse.image_api.byte_ranges import parse_range
from glimpse.image_api.data_requests import (
    check_octet_stream,
    declared_size,
    require_size,
)
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.request_parsing import query_pairs
from glimpse.image_api.responses import DataResponse
from glimpse.images.errors import Invalid


async def upload_data(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/file``: 204; store an image's data piece by piece.

    Raises these errors:

    - UnsupportedMediaType if the Content-Type is not application/octet-stream.
    - Invalid if the declared size is not an integer, or not the size of the data.
    - Invalid if X-Image-Meta-Store names another store, or if a queued image has no disk or
      container format.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the caller may not upload the image's data.
    - Conflict if the image is not queued, or another request gives it data.
    - QuotaExceeded, DataTooLarge or InvalidImageData if the image may not have the data.
    - StorageFull or Unavailable if the data cannot be stored.
    - ClientDisconnect if the client disconnects before the end.

    After an error while data is being stored, the image is queued again, without data. If the disk
    cannot be written then, the image stays in status saving until the next upload or start.
    """
    check_octet_stream(request.http, "uploaded")
    size = declared_size(request.http)
    store = request.http.headers.get("x-image-meta-store", STORE_ID)
    if store != STORE_ID:
        raise Invalid(f"There is no store '{store}'. The only one is '{STORE_ID}'.")
    chunks = require_size(request.http.stream(), size)
    await request.service.data.upload(
        request.caller, request.image_id, chunks, validation.check_formats, size
    )
    return Response(status_code=204)


async def download_data(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/file``: 200 with all data, 206 with a range of it.

    Content-MD5 has the checksum of all data, if it is known, even in a 206. Raises these errors:

    - Invalid if the query string is malformed, if ``prefer`` names an unknown store, or if several
      ranges are requested.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the caller may not download the data, or if the image is deactivated and the
      caller is no admin.
    - NoData, which becomes a 204, if the image has no complete data, or is deleted meanwhile.
    - RangeNotSatisfiable if the Range header is not a range of bytes, or selects no byte.
    - Unavailable if the catalog or the data cannot be read.

    If the data cannot be read while it is sent, the response raises ResponseAborted.
    """
    pairs = query_pairs(request.http.scope["query_string"])
    data = await request.service.data.find_data(
        request.caller, request.image_id, lambda: _check_preferred_stores(pairs)
    )
    byte_range = parse_range(request.http.headers.get("range"), data.size)
    start, end = (byte_range.start, byte_range.end) if byte_range else (0, data.size)
    headers = {"Content-Length": str(end - start)}
    if data.checksum:
        headers["Content-MD5"] = data.checksum
    if byte_range:
        headers["Content-Range"] = byte_range.content_range
    pieces = await data.read(start, end)
    return DataResponse(pieces, 206 if byte_range else 200, headers)


def _check_preferred_stores(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise Invalid if the parameter ``prefer`` of a download names an unknown store.

    `pairs` are the names and values in the query string. ``prefer`` is a comma-separated list, and
    may be missing. Blanks around names and empty names are ignored. If ``prefer`` is repeated, the
    last value counts.
    """
    for name in dict(pairs).get("prefer", "").split(","):
        if name.strip() not in ("", STORE_ID):
            raise Invalid(f"Store '{name.strip()}' is not configured.")
