"""Handlers of the JSON schemas."""

import orjson
from starlette.responses import Response

from glimpse.image_api import image_schema as schemas
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.member_schema import MEMBER_SCHEMA, MEMBERS_SCHEMA
from glimpse.image_api.responses import json_response


async def image_schema(request: ImageRequest) -> Response:
    """``GET /v2/schemas/image``: the JSON schema of an image."""
    return json_response(orjson.dumps(schemas.image_schema(request.service.image_formats)))


async def images_schema(request: ImageRequest) -> Response:
    """``GET /v2/schemas/images``: the JSON schema of a page of images."""
    return json_response(orjson.dumps(schemas.images_schema(request.service.image_formats)))


async def member_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/member``: the JSON schema of a membership."""
    return json_response(orjson.dumps(MEMBER_SCHEMA))


async def members_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/members``: the JSON schema of a list of memberships."""
    return json_response(orjson.dumps(MEMBERS_SCHEMA))
