"""Proxy headers: read the client's address, and the URL that the client used.

Any client can forge these headers, and this module does not check who sent them. `request_scope`
and `allowed_hosts` call this module only if the option ``enable_proxy_headers_parsing`` is set.
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
    """Scheme, host with port, and path prefix of the URL that a client used.

    The prefix has no slash at its end; it may be empty.
    """

    scheme: str
    host: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """The start of every absolute link, without a slash at the end."""
        return f"{self.scheme}://{self.host}{self.prefix}"


def client_origin(origin: Origin, headers: dict[bytes, bytes]) -> Origin:
    """Return the origin that the client used: `origin`, with changes from the proxy headers.

    - The scheme and the host come from the first element of ``Forwarded`` (RFC 7239), or if this
      header is missing, from ``X-Forwarded-Proto`` and ``X-Forwarded-Host``.
    - ``X-Forwarded-Prefix``, without a slash at its end, is put before the prefix of `origin`.

    Names in `headers` are in lower case. If a header has several values, the first one counts. A
    value is ignored if it is not valid in a URL. A scheme other than http and https is ignored,
    too. The precedence is the same as in oslo.middleware's HTTPProxyToWSGI.

    Any client can forge these headers: call this function only if proxy headers are trusted.
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

    Returns False for an empty text, and for more than 262 characters.
    """
    return len(text) <= _MAX_HOST_LENGTH and _HOST.fullmatch(text) is not None


def _is_prefix(text: str) -> bool:
    """Return True if `text` is a path that is valid in a URL: empty, ``/a``, ``/a/b/``.

    Returns False for more than 255 characters, and for an empty segment (``//``).
    """
    return len(text) <= _MAX_PREFIX_LENGTH and _PREFIX.fullmatch(text) is not None


def forwarded_host(headers: dict[bytes, bytes]) -> str | None:
    """Return the host that the client used, from the proxy headers; None if they have no host.

    ``X-Forwarded-Host`` is read only if there is no ``Forwarded`` header. If a header has several
    values, the first one counts. Names in `headers` are in lower case. The result may be any text,
    also an empty one: check the result with `is_host`.

    Any client can forge these headers: call this function only if proxy headers are trusted.
    """
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        return _first_forwarded(forwarded.decode("latin-1")).get("host")
    return _first(headers.get(b"x-forwarded-host"))


def client_address(headers: dict[bytes, bytes]) -> str | None:
    """Return the client's IP address from the proxy headers; None if there is no valid one.

    ``X-Forwarded-For`` is read only if there is no ``Forwarded`` header. If a header has several
    addresses, only the first one counts; if the first one is invalid, the result is None. Names in
    `headers` are in lower case. The result has no port and no zone (``fe80::1%eth0`` ->
    ``fe80::1``). In brackets, an address with a zone is invalid.

    Any client can forge these headers: call this function only if proxy headers are trusted.
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
    """Return the first comma-separated element of a header's value, without spaces around it.

    Returns None if the header is missing (`value` is None) or the element is empty.
    """
    return value.decode("latin-1").partition(",")[0].strip() or None if value else None


def _first_forwarded(header: str) -> dict[str, str]:
    """Return the parameters in the first element of a Forwarded header; names in lower case.

    Parameters without ``=`` are ignored. Quotes around values are removed. If a parameter is
    repeated, the last one counts. A comma ends the element, even between quotes.
    """
    parameters = {}
    for pair in header.partition(",")[0].split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            parameters[name.strip().lower()] = value.strip().strip('"')
    return parameters
