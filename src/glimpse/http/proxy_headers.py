"""Proxy headers: the client's address and the URL it used, as trusted proxies name them.

Any client can forge these headers. Nothing here checks that they are trusted: `request_scope` and
`allowed_hosts` call these functions only if the option ``enable_proxy_headers_parsing`` is set.
"""

import re
from ipaddress import ip_address
from typing import NamedTuple

# RFC 7239, 6: an address in brackets or an IPv4 address, with or without a port.
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\w+)?", re.ASCII)
_MAX_HOST_LENGTH = 262  # characters: a DNS name, a colon, and a port
_MAX_PREFIX_LENGTH = 255
_MAX_ADDRESS_LENGTH = 45  # characters: an IPv6 address with an IPv4 address at its end
# RFC 3986, 3.2.2: a name, an IPv4 address, or an IPv6 address in brackets; with or without a port.
_HOST = re.compile(r"(?:[\w.~-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(?:/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?", re.ASCII)


class Origin(NamedTuple):
    """Scheme, host with port, and path prefix (no slash at its end), as the client used them."""

    scheme: str
    host: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """The start of every absolute link, without a slash at its end."""
        return f"{self.scheme}://{self.host}{self.prefix}"


def client_origin(origin: Origin, headers: dict[bytes, bytes]) -> Origin:
    """Return the origin that the client used: `origin`, changed as the proxy headers say.

    - Scheme and host are those of the first element of ``Forwarded`` (RFC 7239).
    - Only without this header, they are those of ``X-Forwarded-Proto`` and ``X-Forwarded-Host``.
    - In either case, ``X-Forwarded-Prefix`` is put before the prefix of `origin`.

    Names in `headers` are in lower case. Of several values of a header, the first one counts. A
    value that is missing or not valid in a URL, and a scheme other than http and https, change
    nothing. oslo.middleware's HTTPProxyToWSGI has the same precedence.

    Any client can forge these headers: call this only if they are trusted.
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
    """Return True if `text` is a host that is valid in a URL, with or without a port.

    At most 262 characters are valid. An empty text is not.
    """
    return len(text) <= _MAX_HOST_LENGTH and _HOST.fullmatch(text) is not None


def _is_prefix(text: str) -> bool:
    """Return True if `text` is a path that is valid in a URL: empty, ``/a``, ``/a/b/``.

    It has at most 255 characters, and no empty segment (``//``).
    """
    return len(text) <= _MAX_PREFIX_LENGTH and _PREFIX.fullmatch(text) is not None


def forwarded_host(headers: dict[bytes, bytes]) -> str | None:
    """Return the host that the client used, as proxy headers name it; None if they do not.

    ``X-Forwarded-Host`` is read only if there is no ``Forwarded``. Of several values, the first one
    counts. The result may be any text: check it with `is_host`. Any client can forge it: use it
    only if proxy headers are trusted.
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        return _first_forwarded(forwarded.decode("latin-1")).get("host")
    return _first(headers.get(b"x-forwarded-host"))


def client_address(headers: dict[bytes, bytes]) -> str | None:
    """Return the client's IP address, as proxy headers name it; None if none is valid.

    Names in `headers` are in lower case. Of several addresses, the first one counts.
    ``X-Forwarded-For`` is read only if there is no ``Forwarded``.
    The port of an address is removed, and the zone of an IPv6 address, because it may be any text
    (``fe80::1%text``).

    Any client can forge these headers: call this only if they are trusted.
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        text = _first_forwarded(forwarded.decode("latin-1")).get("for")
    else:
        text = _first(headers.get(b"x-forwarded-for"))
    found = _ADDRESS.fullmatch(text or "")
    address = (found[1] or found[2]) if found else (text or "").partition("%")[0]
    try:
        return str(ip_address(address)) if len(address) <= _MAX_ADDRESS_LENGTH else None
    except ValueError:
        return None


def _first(value: bytes | None) -> str | None:
    """Return the first of a header's comma-separated values; None if it is missing or empty."""
    return value.decode("latin-1").partition(",")[0].strip() or None if value else None


def _first_forwarded(header: str) -> dict[str, str]:
    """Return the parameters in the first element of a Forwarded header; names in lower case.

    Pairs without ``=`` are ignored; quotes around values are removed.
    """
    parameters = {}
    for pair in header.partition(",")[0].split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            parameters[name.strip().lower()] = value.strip().strip('"')
    return parameters
