"""CORS: headers with which a browser lets the scripts of other web sites use the APIs.

The options, and the rules for the headers, are the same as in oslo.middleware.
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

    ``*`` in `allowed_origin` allows every origin. `max_age` is in seconds; 0 means that no
    Access-Control-Max-Age is sent. Case matters for origins and methods, but not for the names of
    headers.
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

        Names in `headers` are in lower case. Every OPTIONS request counts as a preflight request.
        The result is empty if the Origin header is missing or not allowed. It is also empty if a
        preflight request names no method, or a method or header that is not allowed. Otherwise the
        result has ``Vary: Origin`` and then these headers, which begin with ``Access-Control-``:

        - Allow-Origin, and Allow-Credentials if the options allow credentials.
        - For a preflight request: Max-Age if it is not 0, Allow-Methods with the requested method,
          and Allow-Headers with the requested headers, if any.
        - For any other request: Expose-Headers if the option is not empty.
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
        """Return the value of Access-Control-Allow-Origin; None if `origin` is not allowed.

        The value is `origin` if the options name `origin`, otherwise ``*`` if the options have
        ``*``. If `origin` is None, the request has no Origin header, and the result is None.
        """
        if origin is None or origin in self._origins:
            return origin
        return _EVERY_ORIGIN if _EVERY_ORIGIN in self._origins else None

    def _allows_headers(self, names: Sequence[bytes]) -> bool:
        return all(name.lower() in self._headers for name in names)


class CorsMiddleware:
    """Adds the CORS headers that `policy` allows to responses of `app`, also to errors.

    Adds none if the Origin of the request is missing or not allowed, or if a preflight request
    names a method or header that is not allowed. The added headers follow those of `app`. A browser
    sends a preflight request before some requests of scripts: an OPTIONS request without a token.
    `app` has to respond to a preflight request with a 2xx status code. Otherwise, the browser does
    not send the request of the script.
    """

    def __init__(self, app: ASGIApp, policy: CorsPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request to the application, and add CORS headers to the response.

        No headers are added if `CorsPolicy.response_headers` returns none.
        """
        added = self._policy.response_headers(scope["method"], scope["headers"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # a new dict: `app` may send the same message again
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers if added else send)


def _value(headers: Sequence[Header], name: bytes) -> bytes | None:
    """Return the value of a header, repeated headers joined by commas; None if it is missing."""
    values = [value for key, value in headers if key == name]
    return b",".join(values) if values else None


def _split(value: bytes | None) -> list[bytes]:
    """Return the comma-separated elements of a header's value, without the empty ones."""
    return [element for part in (value or b"").split(b",") if (element := part.strip())]
