"""OptionsMiddleware: responds 200 to OPTIONS, for clients without a token."""

from collections.abc import Set as AbstractSet

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.responses import send_response


class OptionsMiddleware:
    """Turns each response of `app` to OPTIONS into an empty 200, unless its status is 2xx.

    Paths that do not exist, and requests without a token, get the 200, too. The Image service and
    the Identity service respond so, because browsers send OPTIONS without a token before the
    requests of scripts. The headers in `kept`, names in lower case, stay as `app` sends them.
    """

    def __init__(self, app: ASGIApp, kept: AbstractSet[bytes] = frozenset()) -> None:
        self._app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_success(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and not 200 <= message["status"] < 300:  # noqa: PLR2004  the statuses of success
                is_replaced = True
                headers = [pair for pair in message.get("headers", ()) if pair[0] in self._kept]
                await send_response(send, 200, headers)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, send_success)
