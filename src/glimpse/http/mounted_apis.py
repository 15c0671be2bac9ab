"""MountedApis: dispatches each request to an API by the prefix of its path."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

_REPEATED_SLASHES = re.compile("/{2,}")


class MountedApis:
    """Dispatches a request to the API whose prefix its path has, or else to `default`.

    The API's scope has the prefix in ``root_path``, and one slash in the path for repeated slashes:
    clients append paths to base URLs that end in a slash. `default` gets the scope unchanged.
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
