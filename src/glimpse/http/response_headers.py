"""ResponseHeadersMiddleware: adds headers to every response of a mounted API."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.responses import Header
from glimpse.telemetry.request_context import current_context


class ResponseHeadersMiddleware:
    """Adds ``x-openstack-request-id`` and `headers` to the headers of each response of `app`.

    The added headers come last. Headers of `app` with the same names are kept, too.
    """

    def __init__(self, app: ASGIApp, headers: Sequence[Header] = ()) -> None:
        self._app = app
        self._headers = tuple(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and add the headers to the response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                request_id = current_context.get().request_id.encode()
                headers = [
                    *message.get("headers", ()),
                    (b"x-openstack-request-id", request_id),
                    *self._headers,
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)
