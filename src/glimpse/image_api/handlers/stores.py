"""Handlers of the stores of image data. There is only one store."""

from typing import NoReturn

from starlette.responses import Response

from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.responses import json_response
from glimpse.image_api.store_documents import detailed_stores_document, stores_document


async def list_stores(_request: ImageRequest) -> Response:
    """``GET /v2/info/stores``: the id of the only store."""
    return json_response(stores_document())


async def list_stores_in_detail(request: ImageRequest) -> Response:
    """``GET /v2/info/stores/detail``: the only store with its type and properties.

    Raises Forbidden if the caller may not see the details of stores.
    """
    return json_response(detailed_stores_document(request.service.data.directory(request.caller)))


async def delete_from_store(request: ImageRequest) -> NoReturn:
    """``DELETE /v2/stores/{store_id}/{image_id}``: always an error (see `ImageLocations`).

    `ImageLocations.reject_removal` explains the errors: Conflict, ImageNotFound, Forbidden and
    Unavailable.
    """
    store_id = request.http.path_params["store_id"]
    await request.service.locations.reject_removal(request.caller, request.image_id, store_id)
