"""Handler of the usage: what the images of a project take, and its quotas."""

import orjson
from starlette.responses import Response

from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.responses import json_response


async def show_usage(request: ImageRequest) -> Response:
    """``GET /v2/info/usage``: usage and limit of each quota of the caller's project.

    There are none if no quota is configured, as in an Image service without limits in Keystone.
    """
    usage = await request.service.usage(request.caller)
    return json_response(orjson.dumps({"usage": usage}))
