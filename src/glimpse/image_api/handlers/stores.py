"""Handlers of the stores that image data is in, of which there is one."""

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
