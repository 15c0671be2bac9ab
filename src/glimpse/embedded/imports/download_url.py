"""DownloadUrl: the URL of a web-download, parsed strictly. UrlRules: allowed URLs. Pure.

Host names are not resolved here: `web_download` looks up their addresses and checks them.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from glimpse.embedded.imports.address_rules import parse_address

MAX_URL = 8192  # characters
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Control characters and spaces, which some parsers strip and others refuse. A backslash, which
# browsers read as a slash: two programs could see different hosts in one URL. Lone surrogates,
# which cannot be encoded.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")
# If the last part of a name is a number, resolvers read the name as an IPv4 address: 2130706433,
# 0x7f000001, 017700000001, 127.1. The URL standard of browsers has the same rule.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_MAX_HOST_NAME = 253  # characters (RFC 1035)
# `urlsplit` of some versions of Python ignores text beside the brackets: a[::1]b.
_HOST_AND_PORT = re.compile(r"\[[^\[\]]*\](?::\d*)?|[^\[\]]*")
_MAX_PORT = 65535
_NO_URL = "this is not a URL"
_SAFE = "/%:@!$&'()*+,;=~?[]"  # characters that stay as they are in a path and a query


class InvalidUrl(Exception):
    """A text is no host, or no URL to download data from. The message does not have the text."""


@dataclass(frozen=True, slots=True)
class DownloadUrl:
    """An http or https URL. `host` is an IP address, or a name in lower-case ASCII.

    `target` is the path and query that the request line has: ``/a%20b?c=d``. ``repr`` leaves out
    the query, because a query may have a secret, such as a signature.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the Host header: ``example.com:8080``, or ``[2001:db8::1]``.

        The scheme's default port is left out.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """True for https."""
        return self.scheme == "https"

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"

    def join(self, location: str) -> "DownloadUrl":
        """Return the URL to which a redirect with this Location header leads.

        `location` may be relative to this URL. Raises InvalidUrl in the same cases as `parse_url`.
        """
        _check_characters(location)
        try:
            text = urljoin(f"{self.scheme}://{self.authority}{self.target}", location)
        except ValueError:
            raise InvalidUrl(_NO_URL) from None
        return parse_url(text)


def parse_url(text: str) -> DownloadUrl:
    """Return the URL in `text` without its fragment; quote the path and the query.

    Quoting keeps what is quoted already: ``/a%20é`` becomes ``/a%20%C3%A9``. Without a path, the
    path is ``/``. Without a port, the port is the scheme's default, 80 or 443.

    Raises InvalidUrl in these cases:

    - `text` is not ``scheme://host[:port][/path][?query]``, or the scheme is neither http nor
      https.
    - The port is not from 1 to 65535.
    - `text` has a user or password. No credentials are ever sent.
    - `parse_host` does not accept the host.
    - `text` has more than 8,192 characters, a space, a backslash, a control character or
      a lone surrogate.
    """
    _check_characters(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidUrl(_NO_URL) from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidUrl("data is downloaded with http or https only")
    if "@" in parts.netloc:
        raise InvalidUrl("a URL may not have a user or password")
    if not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise InvalidUrl(_NO_URL)
    if "[" in parts.netloc and ":" not in (parts.hostname or ""):
        raise InvalidUrl("an address in brackets is one of IPv6")
    if port is None:
        port = _DEFAULT_PORTS[parts.scheme]
    if not 0 < port <= _MAX_PORT:
        raise InvalidUrl("the port is no number from 1 to 65535")
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target += "?" + quote(parts.query, safe=_SAFE)
    return DownloadUrl(parts.scheme, parse_host(parts.hostname or ""), port, target)


def _check_characters(text: str) -> None:
    """Raise InvalidUrl if `text` is too long or has a character that `parse_url` forbids."""
    if len(text) > MAX_URL or _FORBIDDEN.search(text):
        raise InvalidUrl(f"a URL has at most {MAX_URL} characters, and no space or backslash")


def parse_host(text: str) -> str:
    """Return the host as an address in its shortest notation, or a name in lower-case ASCII.

    `text` has no brackets and no port. A name with other characters than ASCII is encoded with
    IDNA. A dot at the end of a name is removed (``example.com.``). Raises InvalidUrl if `text` is
    neither a host name nor an address. Also raises InvalidUrl for a name whose last part is a
    number, because resolvers read such a name as an IPv4 address (``127.1``, ``0x7f000001``).
    """
    address = parse_address(text)
    if address is not None:
        return str(address)
    if len(text) > _MAX_HOST_NAME:  # encoding a long text takes long
        raise InvalidUrl("the host is not a name")
    try:
        name = text.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        raise InvalidUrl("the host is not a name") from None
    is_number = _NUMBER.fullmatch(name.rpartition(".")[2]) is not None
    if is_number or len(name) > _MAX_HOST_NAME or not _HOST_NAME.fullmatch(name):
        raise InvalidUrl("the host is neither a name nor an address in its usual notation")
    return name


@dataclass(frozen=True, slots=True)
class UrlRules:
    """Allows or refuses URLs by scheme, host and port. The fields are options of Glance.

    There are two fields for schemes, two for hosts and two for ports. If the first of two is not
    empty, only its values are allowed, and the second is ignored. If the first is empty, all values
    are allowed except those in the second. Hosts must have the form that `parse_host` returns.
    """

    allowed_schemes: Container[str]
    disallowed_schemes: Container[str]
    allowed_hosts: Container[str]
    disallowed_hosts: Container[str]
    allowed_ports: Container[int]
    disallowed_ports: Container[int]

    def refusal(self, url: DownloadUrl) -> str | None:
        """Return why the URL is not allowed, as an error message; None if the URL is allowed."""
        if not _is_allowed(url.scheme, self.allowed_schemes, self.disallowed_schemes):
            return "its scheme is not allowed"
        if not _is_allowed(url.host, self.allowed_hosts, self.disallowed_hosts):
            return "its host is not allowed"
        if not _is_allowed(url.port, self.allowed_ports, self.disallowed_ports):
            return "its port is not allowed"
        return None


def _is_allowed(
    value: str | int, allowed: Container[object], disallowed: Container[object]
) -> bool:
    return value in allowed if allowed else value not in disallowed
