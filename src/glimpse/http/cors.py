"""CORS: headers with which a browser lets the scripts of other web sites use the APIs.

The options, and which request gets which headers, are those of oslo.middleware.
"""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.responses import Header
from glimpse.telemetry.redaction import header_value

_EVERY_ORIGIN = b"*"
# Headers that a script may always send.
_SIMPLE_HEADERS = (
    *("Accept", "Accept-Language", "Content-Type", "Cache-Control", "Content-Language"),
    *("Expires", "Last-Modified", "Pragma"),
)


class CorsPolicy:
    """Which origins may use the APIs, and how. The parameters are the options of [cors].

    Origins and methods are compared with regard to case, names of headers without.
    """

    def __init__(
        self,
        *,
        allowed_origin: Sequence[str],
        allow_credentials: bool,
        expose_headers: Sequence[str],
        max_age: int,
        allow_methods: Sequence[str],
        allow_headers: Sequence[str],
    ) -> None:
        self._origins = frozenset(origin.encode() for origin in allowed_origin)
        self._methods = frozenset(method.encode() for method in allow_methods)
        self._headers = frozenset(
            name.encode().lower() for name in (*allow_headers, *_SIMPLE_HEADERS)
        )
        self._credentials: tuple[Header, ...] = (
            ((b"access-control-allow-credentials", b"true"),) if allow_credentials else ()
        )
        self._max_age: tuple[Header, ...] = (
            ((b"access-control-max-age", b"%d" % max_age),) if max_age else ()
        )
        exposed = header_value(",".join(expose_headers)).encode()
        self._exposed: tuple[Header, ...] = (
            ((b"access-control-expose-headers", exposed),) if exposed else ()
        )

    def response_headers(self, method: str, headers: Sequence[Header]) -> list[Header]:
        """Return the headers to add to the response to a request with `method` and `headers`.

        Names in `headers` are in lower case. The result is empty without an Origin header, and for
        an origin that is not allowed. For OPTIONS, it has the headers of a response to a preflight
        request; it is empty for another OPTIONS request, and if the preflight request asks for a
        method or a header that is not allowed.
        """
        origin = self._allowed_origin(_value(headers, b"origin"))
        if origin is None:
            return []
        allowed = [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            *self._credentials,
        ]
        if method != "OPTIONS":
            return [*allowed, *self._exposed]
        requested_method = _value(headers, b"access-control-request-method")
        names = _split(_value(headers, b"access-control-request-headers"))
        if requested_method not in self._methods or not self._allows_headers(names):
            return []
        allowed += [*self._max_age, (b"access-control-allow-methods", requested_method)]
        if names:
            allowed.append((b"access-control-allow-headers", b",".join(names)))
        return allowed

    def _allowed_origin(self, origin: bytes | None) -> bytes | None:
        """Return the value of Access-Control-Allow-Origin; None without an allowed origin."""
        if origin is None or origin in self._origins:
            return origin
        return _EVERY_ORIGIN if _EVERY_ORIGIN in self._origins else None

    def _allows_headers(self, names: Sequence[bytes]) -> bool:
        return all(name.lower() in self._headers for name in names)


class CorsMiddleware:
    """Adds the headers of `policy` to each response of `app`, also to errors.

    A browser accepts the response to a preflight request only with status 2xx: `app` has to respond
    to OPTIONS so, without a token.
    """

    def __init__(self, app: ASGIApp, policy: CorsPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        added = self._policy.response_headers(scope["method"], scope["headers"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, send_with_headers if added else send)


def _value(headers: Sequence[Header], name: bytes) -> bytes | None:
    """Return the value of a header; None without it. Repeated ones are joined by commas."""
    values = [value for key, value in headers if key == name]
    return b",".join(values) if values else None


def _split(value: bytes | None) -> list[bytes]:
    """Return the comma-separated elements of a header's value, without the empty ones."""
    return [element for part in (value or b"").split(b",") if (element := part.strip())]
