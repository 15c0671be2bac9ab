"""MountedApis: dispatches each request to an API by the prefix of its path."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

_REPEATED_SLASHES = re.compile("/{2,}")


class MountedApis:
    """Dispatches a request to the API under whose prefix its path is, or else to `default`.

    `apis` has prefixes (``/image``) and their APIs. A prefix matches whole segments only; of
    several that match, the first counts. The scope of the API has the prefix in ``root_path``; its
    path keeps the prefix, but repeated slashes become one, because clients append paths to base
    URLs that end in a slash. `default` gets the scope unchanged.
    """

    def __init__(self, apis: Mapping[str, ASGIApp], default: ASGIApp) -> None:
        self._apis = apis
        self._prefixes = tuple(apis)
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"]
        if "//" in path:
            path = _REPEATED_SLASHES.sub("/", path)
        if path.startswith(self._prefixes):
            for prefix, api in self._apis.items():
                if path == prefix or path.startswith(prefix + "/"):
                    inner = {**scope, "path": path, "root_path": scope["root_path"] + prefix}
                    await api(inner, receive, send)
                    return
        await self._default(scope, receive, send)
