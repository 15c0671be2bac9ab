"""HeadParser: parses and checks the head of a request: request line and header lines.

The rules are those of RFC 9112. This module parses the request line, and httptools parses the
header lines. httptools gets only complete heads, so that the result does not depend on the packets
in which a request arrives.
"""

import functools
import re
from typing import NamedTuple
from urllib.parse import unquote

import httptools

MAX_HEAD = 64 * 1024  # bytes of a head, with its empty line

Headers = list[tuple[bytes, bytes]]

_MAX_METHOD = 1024  # bytes
_MAX_HOST = 300  # bytes: a domain name has at most 255, and a port may follow
# httptools allows leading zeros without a limit, and int() raises ValueError above 4300 digits.
_MAX_LENGTH_DIGITS = 20
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_REQUEST_LINE = re.compile(rb"(%b{1,%d}) ([\x21-\x7e]+) HTTP/1\.([01])\r\n" % (_TOKEN, _MAX_METHOD))
_OTHER_VERSION = re.compile(rb"%b+ \S+ HTTP/(?!1\.[01]\r)\d+(\.\d+)?\r\n" % _TOKEN)
_METHOD = re.compile(rb"%b{1,%d}(?: |\Z)" % (_TOKEN, _MAX_METHOD))
_NEVER_VALID = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n")
# httptools rejects methods that it does not know, so it gets GET in place of methods that are not
# in this set. After an Upgrade header, it expects another protocol, so the header is removed.
_PLAIN_METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE")
)
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?#:][^/?#]*)", re.IGNORECASE)
_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+(?:%(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)?\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
)


class RequestRefused(Exception):
    """A request is invalid (400, 417), too large (431), or cannot be served now (503).

    `HttpProtocol` sends a response with `status` and `text`, unless another response is being sent,
    and closes the connection.
    """

    def __init__(self, status: int, text: str = "Invalid HTTP request received.") -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RequestHead(NamedTuple):
    """A valid head of a request.

    - `path` is percent-decoded, with U+FFFD for bytes that are not UTF-8, and has no query.
    - `raw_path` is the path before it was decoded, also without the query.
    - `http_version` is "1.0" or "1.1".
    - `headers` has all header lines in their order, with the names in lower case. Upgrade is left
      out if the client wants to upgrade the connection. If the target is a URL, Host is its host.
    - `body_length` is in bytes: 0 if there is no body, None if the body is chunked.
    - `keep_alive` is False if the connection has to close after the response, as in HTTP/1.0.
    - `expects_continue` is True if the client waits for 100 Continue before it sends the body.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    http_version: str
    headers: Headers
    body_length: int | None
    keep_alive: bool
    expects_continue: bool


class HeadParser:
    """Parses the heads of one connection, one after another.

    Do not use a parser again after RequestRefused: the connection has to close.
    """

    def __init__(self) -> None:
        self._lines = _HeaderLines()
        self._parser = httptools.HttpRequestParser(self._lines)

    def parse(self, head: bytes) -> RequestHead:
        """Parse one complete head, which ends with an empty line.

        The caller checks that `head` has at most MAX_HEAD bytes. Raises RequestRefused with 417 for
        an expectation other than 100-continue, and with 400 for any other invalid head and for
        CONNECT (RFC 9110, 9.3.6: the client would take a 200 for an open tunnel).

        If the client wants to upgrade the connection, Upgrade is removed (RFC 9110, 7.8). If the
        target is a URL, its host replaces the value of Host, if there is a Host (RFC 9112, 3.2.2).
        """
        if (line := _REQUEST_LINE.match(head)) is None:
            raise _refused_line(head)
        method, target, minor = line.groups()
        if method == b"CONNECT":
            raise RequestRefused(400, "CONNECT is not served: this server is not a proxy.")
        if method not in _PLAIN_METHODS or target[:1] != b"/":
            head = b"GET / HTTP/1.%b" % minor + head[line.end() - 2 :]
        headers = self._parse_lines(head)
        fields = dict(headers)
        if len(fields) != len(headers):
            _join_repeated(fields, headers)
        _check_host(fields.get(b"host"), minor)
        path, query, host = _parse_target(method, target)
        if host is not None:
            headers = [(name, host if name == b"host" else value) for name, value in headers]
        length = _body_length(fields, minor)
        if length != 0:  # the present parser expects the body next
            self._parser = httptools.HttpRequestParser(self._lines)
        text = path.decode("ascii")
        return RequestHead(
            method.decode("ascii"),
            unquote(text) if "%" in text else text,
            path,
            query,
            "1.1" if minor == b"1" else "1.0",
            headers,
            length,
            minor == b"1" and _keeps_alive(fields.get(b"connection")),
            b"expect" in fields and _expects_continue(fields, minor, length),
        )

    def _parse_lines(self, head: bytes) -> Headers:
        """Return the header lines, in their order, with names in lower case.

        Raises RequestRefused (400) for an invalid line, for an invalid Content-Length or
        Transfer-Encoding, and for both of them. If the client wants to upgrade the connection, the
        Upgrade header is left out.
        """
        lines = self._lines
        lines.headers, lines.is_complete = [], False
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:  # the present parser expects another protocol next
            self._parser = httptools.HttpRequestParser(lines)
            return self._parse_lines(_UPGRADE.sub(b"", head))
        except httptools.HttpParserError:
            raise RequestRefused(400) from None
        if not lines.is_complete:
            raise RequestRefused(400)
        return lines.headers


class _HeaderLines:
    """Callbacks for httptools: collects the header lines of one head."""

    __slots__ = ("headers", "is_complete")

    headers: Headers
    is_complete: bool

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def check_incomplete_head(head: bytearray, new_from: int) -> None:
    """Raise RequestRefused if the beginning of a head is too large (431) or invalid (400).

    So a client of another protocol gets a response at once. `head` has all bytes received so far.
    Those before the index `new_from` have been checked. Checks control characters and line ends,
    the method, and the form of a complete request line. `HeadParser.parse` checks all else.
    """
    if len(head) > MAX_HEAD:
        raise RequestRefused(431, "The headers are too large.")
    if _NEVER_VALID.search(head, new_from):
        raise RequestRefused(400)
    end_of_line = head.find(b"\r\n")
    if end_of_line < 0:
        if new_from <= _MAX_METHOD and not _METHOD.match(head):
            raise RequestRefused(400)
    elif end_of_line + 2 > new_from and not _REQUEST_LINE.match(head):
        raise _refused_line(head)


def _refused_line(head: bytes | bytearray) -> RequestRefused:
    """Return the error (400) for a head with an invalid request line or HTTP version."""
    if _OTHER_VERSION.match(head):
        return RequestRefused(400, "Only HTTP/1.1 and HTTP/1.0 are served.")
    return RequestRefused(400)


def _join_repeated(fields: dict[bytes, bytes], headers: Headers) -> None:
    """Fill the dict `fields` with `headers`; join the values of repeated headers by commas.

    Removes what was in `fields` before. Joined values keep their order. Raises RequestRefused (400)
    if Host is repeated.
    """
    fields.clear()
    for name, value in headers:
        if name not in fields:
            fields[name] = value
        elif name == b"host":
            raise RequestRefused(400, "There is more than one Host header.")
        else:
            fields[name] += b"," + value


def _check_host(host: bytes | None, minor: bytes) -> None:
    """Raise RequestRefused (400) if Host is invalid, or missing in HTTP/1.1 (RFC 9112, 3.2).

    `host` is the value of the header, None if the header is missing. An empty value is valid. More
    than 300 bytes are invalid. `minor` is the minor version of HTTP, ``0`` or ``1``.
    """
    if host is None:
        if minor == b"1":
            raise RequestRefused(400, "There is no Host header.")
    elif len(host) > _MAX_HOST or not _is_host(host):
        raise RequestRefused(400, "The Host header is not valid.")


@functools.lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    """Return True for an empty value, and for a host with or without a port (RFC 3986, 3.2.2)."""
    return _HOST.fullmatch(value) is not None


def _parse_target(method: bytes, target: bytes) -> tuple[bytes, bytes, bytes | None]:
    """Return path, query and host of a request target (RFC 9112, 3.2).

    The path is still percent-encoded, and starts with a slash or is ``*``. The query is empty if
    the target has no query. The host is None if the target has no host. A fragment is dropped.
    Raises RequestRefused (400) for an invalid target.
    """
    host = None
    if target[:1] != b"/":
        target, host = _parse_other_form(method, target)
    if b"#" in target:
        target = target.partition(b"#")[0]
    path, _, query = target.partition(b"?")
    return path, query, host


def _parse_other_form(method: bytes, target: bytes) -> tuple[bytes, bytes | None]:
    """Return path with query, and host, of a request target that does not start with a slash.

    - ``http://host/images?limit=1`` -> ``/images?limit=1`` and ``host``
    - ``http://host?limit=1`` -> ``/?limit=1`` and ``host``
    - ``http://host`` -> ``/`` and ``host``; if the method is OPTIONS: ``*`` and ``host``
    - ``*`` -> ``*`` and None, if the method is OPTIONS

    URLs with ``https`` are parsed the same way. A fragment stays with the path. Raises
    RequestRefused (400) for anything else, such as ``ftp://host/`` or an invalid host.
    """
    if target == b"*" and method == b"OPTIONS":
        return target, None
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is None or len(absolute[1]) > _MAX_HOST or not _is_host(absolute[1]):
        raise RequestRefused(400)
    path, host = target[absolute.end() :], absolute[1]
    if not path and method == b"OPTIONS":
        return b"*", host
    return path if path[:1] == b"/" else b"/" + path, host


def _body_length(fields: dict[bytes, bytes], minor: bytes) -> int | None:
    """Return the length of the body in bytes: 0 without a body, None if the body is chunked.

    Raises RequestRefused (400) for a transfer coding other than chunked, for any transfer coding in
    HTTP/1.0, and for a Content-Length of more than 20 digits. httptools has already rejected an
    invalid Content-Length, and Content-Length together with Transfer-Encoding.
    """
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked" or minor == b"0":
            raise RequestRefused(400, "The only transfer coding that is understood is chunked.")
        return None
    length = fields.get(b"content-length", b"0")
    if len(length) > _MAX_LENGTH_DIGITS:
        raise RequestRefused(400)
    return int(length)


def _keeps_alive(connection: bytes | None) -> bool:
    """Return True unless `connection`, a Connection header or None, has the option ``close``."""
    if connection is None or connection == b"keep-alive":
        return True
    return b"close" not in (option.strip() for option in connection.lower().split(b","))


def _expects_continue(fields: dict[bytes, bytes], minor: bytes, length: int | None) -> bool:
    """Return True if the client waits for 100 Continue before it sends the body.

    `fields` must have an Expect header, which is ignored in HTTP/1.0 (RFC 9110, 10.1.1). `length`
    is the result of `_body_length`. Raises RequestRefused (417) for an expectation other than
    100-continue, even if there is no body.
    """
    if minor == b"0":
        return False
    if fields[b"expect"].strip().lower() != b"100-continue":
        raise RequestRefused(417, "The only expectation that is understood is 100-continue.")
    return length != 0
