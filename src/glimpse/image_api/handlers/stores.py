"""Handlers of the stores of image data. There is only one store."""

from pathlib import Path
from typing import Any, NoReturn

import orjson
from starlette.responses import Response

from glimpse.embedded.image_data import CHUNK_SIZE
from glimpse.embedded.image_locations import STORE_ID
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.responses import json_response

_STORE = {"id": STORE_ID, "default": "true"}  # text, as in the Image service


async def list_stores(_request: ImageRequest) -> Response:
    """``GET /v2/info/stores``: the id of the only store."""
    return json_response(_stores_document())


async def list_stores_in_detail(request: ImageRequest) -> Response:
    """``GET /v2/info/stores/detail``: the only store with its type and properties.

    Raises Forbidden if the caller may not see the details of stores.
    """
    return json_response(_detailed_stores_document(request.service.data.directory(request.caller)))


async def delete_from_store(request: ImageRequest) -> NoReturn:
    """``DELETE /v2/stores/{store_id}/{image_id}``: always an error: there is only one store.

    Changes nothing. Raises the first of these errors that applies:

    - Conflict if no store has the id;
    - Unavailable if the catalog cannot be read;
    - ImageNotFound if there is no such image or the caller may not see the image;
    - Forbidden if the caller may not remove locations: by default, only admins may;
    - Conflict if the image is not active;
    - Forbidden in all other cases.
    """
    store_id = request.http.path_params["store_id"]
    await request.service.locations.reject_removal(request.caller, request.image_id, store_id)


def _stores_document() -> bytes:
    """Return the document of ``GET /v2/info/stores``, which lists the only store."""
    return orjson.dumps({"stores": [_STORE]})


def _detailed_stores_document(data_directory: Path) -> bytes:
    """Return the document of ``GET /v2/info/stores/detail``.

    The document shows the absolute path of `data_directory`, in which the image data is.
    """
    store: dict[str, Any] = {
        **_STORE,
        "type": "file",
        "properties": {
            "data_dir": str(data_directory.absolute()),
            "chunk_size": CHUNK_SIZE,
            "thin_provisioning": False,
        },
        "weight": 0,
    }
    return orjson.dumps({"stores": [store]})
