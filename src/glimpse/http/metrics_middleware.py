"""MetricsMiddleware: serves metrics to Prometheus, at a separate port."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.responses import send_response

# Takes the Accept header of a request for metrics ("" if there is none); returns the content type
# and the body of the response.
RenderMetrics = Callable[[str], tuple[str, bytes]]


class MetricsMiddleware:
    """Responds to requests that arrive at `port` with metrics; passes all others on to `app`.

    The only path at `port` is ``/metrics``, with any method. Requests for other paths at `port` get
    a 404. `render` returns the content type and the body for an Accept header, and is called in a
    thread. Errors of `render` are not caught.
    """

    def __init__(self, app: ASGIApp, port: int, render: RenderMetrics) -> None:
        self._app = app
        self._port = port
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request at the metrics port with metrics or 404; pass others on."""
        server = scope.get("server")
        if not server or server[1] != self._port:
            await self._app(scope, receive, send)
        elif scope["path"] == "/metrics":
            accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            content_type, body = await asyncio.to_thread(self._render, accept)
            await send_response(send, 200, [(b"content-type", content_type.encode())], body)
        else:
            text = b"There is nothing but /metrics at this port.\n"
            await send_response(send, 404, [(b"content-type", b"text/plain")], text)
