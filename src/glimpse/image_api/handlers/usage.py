"""Handler of the usage of quotas."""

import orjson
from starlette.responses import Response

from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.responses import json_response


async def show_usage(request: ImageRequest) -> Response:
    """``GET /v2/info/usage``: usage and limit of each quota of the caller's project.

    The quota ``user_storage_quota`` is left out, as in Glance. Sizes are in MiB, and a limit of -1
    is no limit. If none of the quotas shown has a limit, the usage is ``{}``. Raises Unavailable if
    the catalog cannot be read.
    """
    usage = await request.service.usage(request.caller)
    return json_response(orjson.dumps({"usage": usage}))
