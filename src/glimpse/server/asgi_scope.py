"""make_scope: makes the ASGI scope of a request."""

from typing import Any

from starlette.types import Scope

from glimpse.server.request_head import RequestHead

_ASGI = {"version": "3.0", "spec_version": "2.3"}


def make_scope(
    head: RequestHead,
    client: tuple[str, int] | None,
    server: tuple[str, int] | None,
    lifespan_state: dict[str, Any],
) -> Scope:
    """Return the ASGI scope of an HTTP request.

    `client` and `server` are host and port of the two ends of the connection, None if unknown. The
    scheme is always ``http``: a proxy decrypts TLS before Glimpse. ``root_path`` is empty.
    ``scope["state"]`` is a shallow copy of `lifespan_state`.
    """
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": head.http_version,
        "server": server,
        "client": client,
        "scheme": "http",
        "method": head.method,
        "root_path": "",
        "path": head.path,
        "raw_path": head.raw_path,
        "query_string": head.query_string,
        "headers": head.headers,
        "state": lifespan_state.copy(),
    }
