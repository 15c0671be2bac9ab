"""OptionsSuccessMiddleware: responds 200 to OPTIONS requests that an API would refuse."""

from collections.abc import Set as AbstractSet

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.responses import send_response


class OptionsSuccessMiddleware:
    """Replaces a response of `app` to OPTIONS by an empty 200 if its status code is not 2xx.

    So OPTIONS requests without a token, or for a path that does not exist, get a 200. The Image
    service and the Identity service do the same, because browsers send OPTIONS without a token
    before the requests of scripts. Of the replaced response, only the headers named in `kept` are
    sent. Names in `kept` are in lower case. Requests with other methods pass unchanged.
    """

    def __init__(self, app: ASGIApp, kept: AbstractSet[bytes] = frozenset()) -> None:
        self._app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application; if OPTIONS is not successful, respond 200 instead.

        The 200 has no body, and only the headers in `kept` of the replaced response.
        """
        if scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_success(message: Message) -> None:
            nonlocal is_replaced
            if (
                message["type"] == "http.response.start"
                # not a status of success
                and not 200 <= message["status"] < 300  # noqa: PLR2004
            ):
                is_replaced = True
                headers = [pair for pair in message.get("headers", ()) if pair[0] in self._kept]
                await send_response(send, 200, headers)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, send_success)
