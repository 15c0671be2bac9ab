"""Send complete responses as ASGI messages."""

from collections.abc import Iterable

from starlette.types import Send

from glimpse.telemetry.request_context import current_context

Header = tuple[bytes, bytes]
WITHOUT_BODY = frozenset((204, 304))  # statuses


async def send_response(
    send: Send, status: int, headers: Iterable[Header], body: bytes = b"", *, method: str = "GET"
) -> None:
    """Send a complete response, head and body. Names in `headers` are in lower case.

    Adds Content-Length after `headers` if the status is not 204 or 304 (RFC 9110, 8.6). For a 204
    or 304, `body` must be empty. `method` is the request's method. If `method` is HEAD, the body is
    not sent, but Content-Length is the body's length.
    """
    sent = [*headers]
    if status not in WITHOUT_BODY:
        sent.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def send_text(send: Send, status: int, text: str) -> None:
    """Send a complete plain-text response in UTF-8.

    The header ``x-openstack-request-id`` has the id of the current request.
    """
    headers = [
        (b"content-type", b"text/plain; charset=UTF-8"),
        (b"x-openstack-request-id", current_context.get().request_id.encode()),
    ]
    await send_response(send, status, headers, text.encode())
