"""MountedApis: chooses the API for a request by the request's port or path prefix."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from starlette.types import ASGIApp, Receive, Scope, Send

_NO_PORTS: Mapping[int, ASGIApp] = MappingProxyType({})
_REPEATED_SLASHES = re.compile("/{2,}")


class MountedApis:
    """Passes a request to the API of its port or of its path prefix, or else to `default`.

    `ports` has ports and their APIs. The API of a port gets all requests that arrive at the port.
    `apis` has path prefixes (``/image``) and their APIs. ``/image`` matches ``/image`` and
    ``/image/v2``, but not ``/images``. If several prefixes match, the first one counts.

    `default` gets the scope unchanged. Any other API gets a copy of the scope, in which the path
    has no repeated slashes (``//image//v2`` -> ``/image/v2``): clients send repeated slashes if a
    base URL ends in a slash. For an API of a path prefix, the path keeps the prefix. The prefix is
    also added to the end of ``root_path`` and of ``glimpse.base_url``, the start of links.
    """

    def __init__(
        self,
        apis: Mapping[str, ASGIApp],
        default: ASGIApp,
        ports: Mapping[int, ASGIApp] = _NO_PORTS,
    ) -> None:
        self._apis = apis
        self._ports = ports
        self._prefixes = tuple(apis)
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the API of its port or path prefix, or else to the default API.

        All but the default API get a changed copy of the scope. Raises what the API raises.
        """
        path = with_single_slashes(scope["path"])
        server = scope.get("server")
        if self._ports and server and (api := self._ports.get(server[1])):
            await api({**scope, "path": path}, receive, send)
            return
        if path.startswith(self._prefixes):
            for prefix, api in self._apis.items():
                if path == prefix or path.startswith(prefix + "/"):
                    mounted = {
                        "path": path,
                        "root_path": scope["root_path"] + prefix,
                        "glimpse.base_url": scope["glimpse.base_url"] + prefix,
                    }
                    await api({**scope, **mounted}, receive, send)
                    return
        await self._default(scope, receive, send)


def with_single_slashes(path: str) -> str:
    """Return `path` with one slash in place of each run of slashes."""
    return _REPEATED_SLASHES.sub("/", path) if "//" in path else path
