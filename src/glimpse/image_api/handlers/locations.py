"""Handlers of locations: the URLs of an image's data."""

import orjson
from starlette.responses import Response

from glimpse.embedded.image_locations import STORE_ID
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.location_requests import check_new_location
from glimpse.image_api.request_parsing import json_body
from glimpse.image_api.responses import json_response


async def list_locations(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/locations``: the URL and the store of the image's data.

    The list is empty if the image is neither active nor deactivated. Raises ImageNotFound if there
    is no such image or the caller may not see the image. Raises Forbidden if the caller may not see
    locations; by default, only admins and services may. Raises Unavailable if the catalog cannot be
    read.
    """
    urls = await request.service.locations.list(request.caller, request.image_id)
    return json_response(
        orjson.dumps([{"url": url, "metadata": {"store": STORE_ID}} for url in urls])
    )


async def add_location(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/locations``: always an error. Changes nothing.

    The only store does not accept URLs of data. Raises the first of these errors that applies:

    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body;
    - Invalid if the body is not JSON, or not a location;
    - Unavailable if the catalog cannot be read;
    - ImageNotFound if there is no such image or the caller may not see the image;
    - Conflict if the image is not queued;
    - Forbidden in all other cases.
    """
    check_new_location(await json_body(request.http))
    await request.service.locations.reject_new(request.caller, request.image_id)
