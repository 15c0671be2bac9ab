"""The address at which a client reached this process, seen through proxies when that is allowed."""

import re
from ipaddress import ip_address
from typing import NamedTuple

# RFC 7239, 6: an address in brackets, or one of IP version 4; and a port, perhaps.
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\w+)?")


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
    ``enable_proxy_headers_parsing``: these headers are a client's to forge.
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        parameters = _first_forwarded(forwarded.decode("latin-1"))
        scheme, host = parameters.get("proto"), parameters.get("host")
    else:
        scheme = _first(headers.get(b"x-forwarded-proto"))
        host = _first(headers.get(b"x-forwarded-host"))
    prefix = _first(headers.get(b"x-forwarded-prefix"))
    return Origin(
        scheme or origin.scheme,
        host or origin.host,
        (prefix.rstrip("/") if prefix else "") + origin.prefix,
    )


def client_address(headers: dict[bytes, bytes]) -> str | None:
    """The IP address of the client by the same headers; None if they name none."""
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        said = _first_forwarded(forwarded.decode("latin-1")).get("for")
    else:
        said = _first(headers.get(b"x-forwarded-for"))
    found = _ADDRESS.fullmatch(said or "")
    try:
        return str(ip_address((found[1] or found[2]) if found else said or ""))
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
