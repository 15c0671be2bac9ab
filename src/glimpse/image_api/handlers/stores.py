"""Handlers of the stores that image data is in, of which there is one."""

from typing import NoReturn

from starlette.responses import Response

from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.responses import json_response
from glimpse.image_api.store_documents import detailed_stores_document, stores_document


async def list_stores(_request: ImageRequest) -> Response:
    """``GET /v2/info/stores``: the names of the stores."""
    return json_response(stores_document())


async def list_stores_in_detail(request: ImageRequest) -> Response:
    """``GET /v2/info/stores/detail``: the same with types and properties.

    Raises Forbidden without the permission for that.
    """
    return json_response(detailed_stores_document(request.service.data.directory(request.caller)))


async def delete_from_store(request: ImageRequest) -> NoReturn:
    """``DELETE /v2/stores/{store_id}/{image_id}``: always refused (see `ImageLocations`).

    Raises what `ImageLocations.refuse_removal` raises.
    """
    store_id = request.http.path_params["store_id"]
    await request.service.locations.refuse_removal(request.caller, request.image_id, store_id)
