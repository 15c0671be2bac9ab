"""What RequestMiddleware adds to the ASGI scope: merged headers, base URL, client address."""

from starlette.types import Scope

from glimpse.http.proxy_headers import Origin, client_address, client_origin
from glimpse.telemetry.redaction import quote_url

# Credentials: of two different ones, a proxy before Glimpse may have checked the other.
_SINGLE_HEADERS = frozenset((b"x-auth-token", b"x-subject-token", b"x-service-token"))


def extend_scope(scope: Scope, *, trust_proxy_headers: bool) -> bool:
    """Add Glimpse's keys to the scope; return False if a token header is repeated.

    ``glimpse.headers`` is a dict of lower-case names, values of repeated headers joined by commas
    (RFC 9110, 5.3). ``glimpse.base_url`` is what links start with, without a slash at the end.
    ``glimpse.client`` is the client's address, ``-`` if the server does not name it. The last two
    follow the headers of a proxy if `trust_proxy_headers`.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    tokens_are_single = True
    if len(headers) != len(scope["headers"]):
        headers, tokens_are_single = _join_repeated(scope)
    scope["glimpse.headers"] = headers
    peer = scope.get("client")
    address, origin = peer[0] if peer else "-", _origin(scope, headers)
    if trust_proxy_headers:
        address, origin = client_address(headers) or address, client_origin(origin, headers)
    scope["glimpse.client"] = address
    scope["glimpse.base_url"] = quote_url(origin.url)
    return tokens_are_single


def _join_repeated(scope: Scope) -> tuple[dict[bytes, bytes], bool]:
    """The headers with repeated ones joined, and whether no token header is repeated."""
    headers: dict[bytes, bytes] = {}
    tokens_are_single = True
    for name, value in scope["headers"]:
        if name in headers:
            headers[name] += b"," + value
            tokens_are_single = tokens_are_single and name not in _SINGLE_HEADERS
        else:
            headers[name] = value
    return headers, tokens_are_single


def _origin(scope: Scope, headers: dict[bytes, bytes]) -> Origin:
    """Where the request was sent: its Host, or else the address that the server listens on."""
    host = headers.get(b"host", b"").decode("latin-1")
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = f"{server[0]}:{server[1]}" if server[1] else server[0]
    return Origin(scope["scheme"], host)
