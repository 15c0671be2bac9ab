"""Keys that RequestMiddleware adds to the ASGI scope: headers, URLs, client address."""

from starlette.types import Scope

from glimpse.http.proxy_headers import Origin, client_address, client_origin
from glimpse.http.service_urls import ServicePorts, ServiceUrls
from glimpse.telemetry.redaction import quote_url

# Credentials. If one is repeated, a proxy may have checked another value than Glimpse does.
_SINGLE_HEADERS = frozenset((b"x-auth-token", b"x-subject-token", b"x-service-token"))


def extend_scope(scope: Scope, ports: ServicePorts, *, trust_proxy_headers: bool) -> bool:
    """Add Glimpse's keys to the scope. Return False if a token header is repeated, else True.

    - ``glimpse.headers`` is a dict with names in lower case. The values of repeated headers are
      joined by commas (RFC 9110, 5.3).
    - ``glimpse.base_url`` is the start of links, without a slash at the end: ``http://host:9292``,
      and a proxy's path prefix if there is one. Characters that are not valid in a URL are
      percent-encoded.
    - ``glimpse.service_urls`` has the URLs of all APIs, as this client reaches them.
    - ``glimpse.client`` is the client's IP address, or ``-`` if the server does not know it.

    `ports` are the ports of this process. If `trust_proxy_headers` is True, the URLs and the
    client's address come from the valid proxy headers that the request has. If
    `trust_proxy_headers` is False, proxy headers are ignored.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    has_single_tokens = True
    if len(headers) != len(scope["headers"]):
        headers, has_single_tokens = _join_repeated(scope)
    scope["glimpse.headers"] = headers
    peer = scope.get("client")
    address, origin = peer[0] if peer else "-", _origin(scope, headers)
    if trust_proxy_headers:
        address, origin = client_address(headers) or address, client_origin(origin, headers)
    scope["glimpse.client"] = address
    base_url = quote_url(origin.url)
    server = scope.get("server")
    scope["glimpse.base_url"] = base_url
    scope["glimpse.service_urls"] = ports.urls(base_url, server[1] if server else None)
    return has_single_tokens


def base_url_of(scope: Scope) -> str:
    """Return the URL at which the client reached the API that serves a request.

    Links start with this URL. The URL includes a trusted proxy's path prefix, and the path at which
    the API is mounted, but no slash at the end. Examples: ``http://host:9292``,
    ``http://host:8774/image``. `extend_scope` has extended `scope`.
    """
    base_url: str = scope["glimpse.base_url"]
    return base_url


def service_urls_of(scope: Scope) -> ServiceUrls:
    """Return the URLs of this process's APIs, as the client of the request reaches them.

    `extend_scope` has extended `scope`.
    """
    urls: ServiceUrls = scope["glimpse.service_urls"]
    return urls


def _join_repeated(scope: Scope) -> tuple[dict[bytes, bytes], bool]:
    """Return the headers as a dict, and True if no header of _SINGLE_HEADERS is repeated.

    The values of a repeated header are joined by commas.
    """
    headers: dict[bytes, bytes] = {}
    has_single_tokens = True
    for name, value in scope["headers"]:
        if name in headers:
            headers[name] += b"," + value
            has_single_tokens = has_single_tokens and name not in _SINGLE_HEADERS
        else:
            headers[name] = value
    return headers, has_single_tokens


def _origin(scope: Scope, headers: dict[bytes, bytes]) -> Origin:
    """Return scheme and host of the URL that the request was sent to, without a path prefix.

    The host has a port if the Host header has one. If the Host header is missing or empty, the host
    is the address and port at which the request arrived, or ``localhost`` if these are unknown. An
    IPv6 address is in brackets.
    """
    host = headers.get(b"host", b"").decode("latin-1")
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = f"[{server[0]}]" if ":" in server[0] else server[0]
        if server[1]:
            host = f"{host}:{server[1]}"
    return Origin(scope["scheme"], host)
