"""The address at which a client reached this process, seen through proxies when that is allowed."""

import re
from ipaddress import ip_address
from typing import NamedTuple

# RFC 7239, 6: an address in brackets, or one of IP version 4; and a port, perhaps.
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\w+)?", re.ASCII)
_LONGEST_HOST = 262  # characters: a name of DNS, a colon, and a port
_LONGEST_PREFIX = 255
_LONGEST_ADDRESS = 45  # characters: an IPv6 address with an IPv4 address at its end
# RFC 3986, 3.2.2: a name or an IPv4 address, or an IPv6 address in brackets; and a port, perhaps.
_HOST = re.compile(r"(?:[\w.~-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(?:/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?", re.ASCII)


class Origin(NamedTuple):
    """Scheme, host with port, and path prefix (no slash at the end) as the client used them."""

    scheme: str
    host: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """The base of every absolute link, without a slash at the end."""
        return f"{self.scheme}://{self.host}{self.prefix}"


def client_origin(origin: Origin, headers: dict[bytes, bytes]) -> Origin:
    """Replace what proxies say of the origin: oslo.middleware's HTTPProxyToWSGI, same precedence.

    ``Forwarded`` (RFC 7239, its first element) wins over ``X-Forwarded-Proto`` and
    ``X-Forwarded-Host``; ``X-Forwarded-Prefix`` is used either way. Only for deployments that set
    ``enable_proxy_headers_parsing``: these headers are a client's to forge. A value that cannot
    stand in a URL is ignored, as if the header had not been sent.
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        parameters = _first_forwarded(forwarded.decode("latin-1"))
        scheme = parameters.get("proto")
    else:
        scheme = _first(headers.get(b"x-forwarded-proto"))
    host = forwarded_host(headers)
    prefix = _first(headers.get(b"x-forwarded-prefix"))
    return Origin(
        scheme.lower() if scheme and scheme.lower() in ("http", "https") else origin.scheme,
        host if host and is_host(host) else origin.host,
        (prefix.rstrip("/") if prefix and _is_prefix(prefix) else "") + origin.prefix,
    )


def is_host(text: str) -> bool:
    """Whether a text is a host, perhaps with a port, as it may stand in a URL and in a header."""
    return len(text) <= _LONGEST_HOST and _HOST.fullmatch(text) is not None


def _is_prefix(text: str) -> bool:
    return len(text) <= _LONGEST_PREFIX and _PREFIX.fullmatch(text) is not None


def forwarded_host(headers: dict[bytes, bytes]) -> str | None:
    """The host that the client asked the proxy for, as the proxy says; None if it does not."""
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        return _first_forwarded(forwarded.decode("latin-1")).get("host")
    return _first(headers.get(b"x-forwarded-host"))


def client_address(headers: dict[bytes, bytes]) -> str | None:
    """The IP address of the client by the same headers; None if they name none.

    Without the zone that an IPv6 address may have: that is any text (``fe80::1%text``).
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        said = _first_forwarded(forwarded.decode("latin-1")).get("for")
    else:
        said = _first(headers.get(b"x-forwarded-for"))
    found = _ADDRESS.fullmatch(said or "")
    address = (found[1] or found[2]) if found else (said or "").partition("%")[0]
    try:
        return str(ip_address(address)) if len(address) <= _LONGEST_ADDRESS else None
    except ValueError:
        return None


def _first(value: bytes | None) -> str | None:
    """The first of a comma-separated header's values, None for a missing or empty one."""
    return value.decode("latin-1").partition(",")[0].strip() or None if value else None


def _first_forwarded(header: str) -> dict[str, str]:
    parameters = {}
    for pair in header.partition(",")[0].split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            parameters[name.strip().lower()] = value.strip().strip('"')
    return parameters
