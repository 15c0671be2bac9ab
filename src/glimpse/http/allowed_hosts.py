"""Protection from DNS rebinding: which hosts a request may name if no token is checked.

The owner of a web page can give the page's host name the address 127.0.0.1. The page's scripts can
then send requests to a server on the machine of the person who reads the page. The Host header of
these requests still has the page's host name.
"""

import ipaddress
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.proxy_headers import forwarded_host, is_host
from glimpse.http.responses import send_text

_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
_EVERY_ADDRESS = frozenset(("", "0.0.0.0", "::"))  # noqa: S104  compared, not listened on
_OPTION = "[api] noauth_allowed_hosts"


class AllowedHosts:
    """The hosts that a request may name in its Host, forwarded host and Origin headers.

    The allowed hosts are ``localhost``, loopback addresses, `names`, and `listen`, the address on
    which the process listens. Ports and the case of letters do not matter. If `listen` is every
    address (``0.0.0.0``, ``::`` or empty), every IP address is allowed, because DNS rebinding needs
    a host name.
    """

    def __init__(self, listen: str, names: Iterable[str], *, trust_proxy_headers: bool) -> None:
        self._allows_any_address = listen.strip("[]") in _EVERY_ADDRESS
        self._names = {
            "localhost",
            listen.strip("[]").lower(),
            *map(_host_name, names),
        } - _EVERY_ADDRESS
        self._trust_proxy_headers = trust_proxy_headers

    def refusal(self, scope: Scope) -> str | None:
        """Return the error message for a request that has to be refused; None if it is allowed.

        `scope` has the keys of `extend_scope`. A request is refused in these cases:

        - The request's Host header is malformed or names a host that is not allowed. A missing Host
          header is no reason, because browsers always send one.
        - Proxy headers are trusted, and the forwarded host is malformed or not allowed.
        - The method is not GET, HEAD, OPTIONS or TRACE, and the Origin header (the page that sent
          the request) is not the http or https URL of an allowed host. An example is ``null``.
        - The method is none of these four, there is no Origin header, and the browser marks the
          request as cross-site (Sec-Fetch-Site).
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        host = headers.get(b"host")
        if host is not None and not self._allows(host.decode("latin-1")):
            return _refusal_message("Host")
        if self._trust_proxy_headers:
            forwarded = forwarded_host(headers)
            if forwarded is not None and not self._allows(forwarded):
                return _refusal_message("forwarded host")
        if scope["method"] not in _SAFE_METHODS and not self._allows_origin(headers):
            return _refusal_message("Origin")
        return None

    def _allows(self, host: str) -> bool:
        """Return True if a host is allowed; False if it is not allowed or not well formed.

        `host` may have a port, which does not matter.
        """
        if not is_host(host):
            return False
        name = _host_name(host)
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._allows_any_address or address.is_loopback

    def _allows_origin(self, headers: dict[bytes, bytes]) -> bool:
        """Return False if a web page of a host that is not allowed sent the request.

        Only browsers send an Origin header; it names the page's host. The result is False for
        ``null``, the origin of a page without a host, and for schemes other than http and https.
        Without an Origin header, the result is False only for ``Sec-Fetch-Site: cross-site``.
        """
        origin = headers.get(b"origin")
        if origin is None:
            return headers.get(b"sec-fetch-site") != b"cross-site"
        scheme, separator, host = origin.decode("latin-1").partition("://")
        return bool(separator) and scheme in ("http", "https") and self._allows(host)


class AllowedHostsMiddleware:
    """Responds with 403 to requests that `allowed` refuses; passes all others on to `app`.

    The body of the 403 is the error message as plain text.
    """

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its hosts are allowed; otherwise respond 403."""
        refusal = self._allowed.refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await send_text(send, 403, refusal)


def _host_name(host: str) -> str:
    """Return a host in lower case, without its port (``Example.org.:80`` -> ``example.org``).

    Also removes the brackets of an IPv6 address, and dots at the end of a name. An IPv6 address
    without brackets has no port.
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name = host.partition(":")[0] if host.count(":") == 1 else host
    return name.lower().rstrip(".")


def _refusal_message(header: str) -> str:
    """Return the error message for a request whose `header` names a host that is not allowed."""
    return (
        f"This server checks no tokens (auth_strategy = noauth), and its {header} is a host that "
        f"is not allowed. To allow it, add it to {_OPTION}."
    )
