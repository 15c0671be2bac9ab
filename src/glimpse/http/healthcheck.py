"""Healthcheck: tells load balancers if they should send requests to this process.

The options, backends, status codes and bodies (plain text and JSON) are those of oslo.middleware;
only the HTML page is Glimpse's own.
"""

import ipaddress
import logging
from collections.abc import Mapping, Sequence

from starlette.types import Scope, Send

from glimpse.http.healthcheck_documents import choose_media_type, content_type, render_results
from glimpse.http.healthcheck_files import (
    Backend,
    HealthResult,
    disable_by_file,
    disable_by_files_ports,
    enable_by_files,
)
from glimpse.http.responses import send_response

_LOG = logging.getLogger(__name__)
_EXCLUSIVE = frozenset(("disable_by_file", "enable_by_files"))
_PROXY_HEADERS = tuple(
    b"x-forwarded" + suffix for suffix in (b"", b"-proto", b"-host", b"-for", b"-prefix")
)


class Healthcheck:
    """The health check at `path` and below. The parameters are the options of [healthcheck].

    The process is healthy if all `backends` report "available", also if there are none. An unknown
    name in `backends` is ignored, with a warning in the log. The constructor raises ValueError if
    `backends` has both disable_by_file and enable_by_files, if an element of
    `disable_by_file_paths` is no ``port:path``, or if an element of `allowed_source_ranges` is no
    network.
    """

    def __init__(
        self,
        *,
        path: str,
        detailed: bool,
        backends: Sequence[str],
        disable_by_file_path: str | None,
        disable_by_file_paths: Sequence[str],
        enable_by_file_paths: Sequence[str],
        allowed_source_ranges: Sequence[str],
        ignore_proxied_requests: bool,
    ) -> None:
        if set(backends) >= _EXCLUSIVE:
            raise ValueError("[healthcheck] disable_by_file and enable_by_files exclude each other")
        known: Mapping[str, Backend] = {
            "disable_by_file": disable_by_file(disable_by_file_path),
            "disable_by_files_ports": disable_by_files_ports(disable_by_file_paths),
            "enable_by_files": enable_by_files(enable_by_file_paths),
        }
        for name in backends:
            if name not in known:
                _LOG.warning("[healthcheck] backend %s is not known and not used.", name)
        self.path = path
        self._detailed = detailed
        self._backends = [known[name] for name in backends if name in known]
        self._networks = [ipaddress.ip_network(text) for text in allowed_source_ranges]
        self._ignore_proxied_requests = ignore_proxied_requests

    def matches(self, scope: Scope) -> bool:
        """Return True if a request is a health check; False if an API has to serve the request.

        `scope` has the keys of `extend_scope`. A health check meets all of these conditions:

        - The path is `path` or below `path`.
        - If `allowed_source_ranges` is not empty, the peer address of the connection is known and
          in one of the ranges.
        - If `ignore_proxied_requests` is True, these headers are missing or empty: X-Forwarded,
          X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-For and X-Forwarded-Prefix.
        """
        path = scope["path"]
        if path != self.path and not path.startswith(self.path + "/"):
            return False
        if self._networks and not self._is_allowed(scope.get("client")):
            return False
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        is_proxied = any(headers.get(name) for name in _PROXY_HEADERS)
        return not (self._ignore_proxied_requests and is_proxied)

    def _is_allowed(self, client: tuple[str, int] | None) -> bool:
        """Return True if the address of `client` is known and in one of the allowed networks."""
        try:
            address = ipaddress.ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def check(self, port: int = 0) -> list[HealthResult]:
        """Return the present result of each backend for requests that arrive at `port`.

        Looks for the files of the backends each time. `port` is 0 if it is not known. Only the
        backend `disable_by_files_ports` uses the port.
        """
        return [backend(port) for backend in self._backends]

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Respond 200 if the process is healthy and 503 if not, whatever the method is.

        The body is text, HTML or JSON, as the Accept header prefers. The response to HEAD has no
        body; its status code is 204 instead of 200, as in oslo.middleware. `scope` has the keys of
        `extend_scope`.
        """
        server = scope.get("server") or ("", 0)
        results = self.check(server[1] or 0)
        is_healthy = all(result.is_available for result in results)
        if scope["method"] == "HEAD":
            headers = [] if is_healthy else [content_type("text/plain")]
            await send_response(send, 204 if is_healthy else 503, headers)
            return
        accept = scope["glimpse.headers"].get(b"accept", b"*/*").decode("latin-1")
        media_type = choose_media_type(accept)
        body = render_results(results, media_type, detailed=self._detailed).encode()
        await send_response(send, 200 if is_healthy else 503, [content_type(media_type)], body)
