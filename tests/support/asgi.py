"""An ASGI client: sends requests to an application without a server."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message

from tests.support.http import Response


async def send_request(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    query: bytes = b"",
    port: int = 8774,
) -> Response:
    """Send one request without a body; return the response with its whole body."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", port),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    pairs = tuple((k.decode(), v.decode()) for k, v in sent[0].get("headers", ()))
    return Response(
        sent[0]["status"], pairs, b"".join(message.get("body", b"") for message in sent[1:])
    )


def request(
    app: ASGIApp, method: str, path: str, headers: Mapping[str, str] | None = None, port: int = 8774
) -> Response:
    """Send one request as `send_request` does, from a test that is not a coroutine."""
    return asyncio.run(send_request(app, method, path, headers, port=port))
