"""Compares a response with a recorded one by the rules that came with the recordings."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.golden.exchanges import IGNORED_HEADERS, REQUEST_IDS, Exchange
from tests.golden.oracle import COMPUTE, IMAGE
from tests.support.http import Response

_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Headers that Glimpse adds on purpose, and the syntax of their values:
# RFC 9110, 9111, 9745, 8594, 8288
_ADDED = {
    "etag": re.compile(r'"[^"]+"'),
    "deprecation": re.compile(r"@\d+"),
    "sunset": re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
    "cache-control": re.compile("private"),
    "vary": re.compile("X-Auth-Token"),
    "link": re.compile(r'<https?://[^>]+>; ?rel="?successor-version"?.*'),
}


@dataclass(frozen=True)
class TextMatching:
    """Equal to every text in which the regular expression `pattern` occurs."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.search(self.pattern, other, re.DOTALL) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)


@dataclass(frozen=True)
class Expected:
    """An expected response.

    `headers` has the values of each header by lower-case name; `body` is JSON or text. With
    `same_length`, the body is the recorded one, and Content-Length is compared, too.
    """

    status: int
    headers: dict[str, list[str]]
    body: Any
    same_length: bool = True

    def with_body(self, body: Any, status: int | None = None) -> "Expected":
        """Return the response with another body, whose length is not compared."""
        return replace(self, status=status or self.status, body=body, same_length=False)


@dataclass(frozen=True)
class ServiceURLs:
    """The URLs of the services that links have to have in the response to one request."""

    compute: str
    image: str
    identity: str

    def resolve(self, value: Any) -> Any:
        """Return `value` with these URLs in place of the oracle's COMPUTE and IMAGE."""
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, str) and value.startswith((COMPUTE + "/", IMAGE + "/")):
            return value.replace(COMPUTE, self.compute, 1).replace(IMAGE, self.image, 1)
        return value


def recorded(exchange: Exchange) -> Expected:
    """Return the recorded response, with COMPUTE and IMAGE for the hosts in its links."""
    body = _without_hosts(exchange.response_body)
    headers = by_name(exchange.response_headers)
    if "www-authenticate" in headers:
        headers["www-authenticate"] = ['Keystone uri="IDENTITY"']
    return Expected(exchange.status, headers, body, same_length=body == exchange.response_body)


def _without_hosts(value: Any, rel: str = "") -> Any:
    if isinstance(value, dict):
        links = str(value.get("rel", ""))
        return {
            key: _without_hosts(item, links if key == "href" else "") for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_hosts(item) for item in value]
    if rel and rel != "describedby" and isinstance(value, str):
        split = urlsplit(value)
        path = split.path + (f"?{split.query}" if split.query else "")
        return IMAGE + path.replace("//", "/", 1) if rel == "alternate" else COMPUTE + path
    return value


def by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of the headers by lower-case name, without IGNORED_HEADERS."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        if name.lower() not in IGNORED_HEADERS:
            found[name.lower()].append(value)
    return dict(found)


@dataclass
class Differences:
    """A list of differences, described for the message of a failed test."""

    found: list[str] = field(default_factory=list)

    def check(self, subject: str, expected: object, got: object) -> None:
        """Add a difference unless the values are equal."""
        if expected != got:
            self.found.append(f"{subject}:\n    expected {expected!r}\n    got      {got!r}")


def differences(
    expected: Expected, response: Response, method: str, service_urls: ServiceURLs
) -> list[str]:
    """Compare a response with the expected one; return the differences, [] if there are none."""
    result = Differences()
    result.check("status", expected.status, response.status)
    _compare_headers(result, expected, response, method, service_urls)
    if method != "HEAD":
        wanted = service_urls.resolve(expected.body)
        result.check("body", wanted, _parsed(response, text=isinstance(wanted, str)))
    return result.found


def _parsed(response: Response, *, text: bool) -> Any:
    if text:
        return response.body.decode(errors="replace")
    try:
        return json.loads(response.body)
    except ValueError:
        return response.body.decode(errors="replace")


def _compare_headers(
    result: Differences,
    expected: Expected,
    response: Response,
    method: str,
    service_urls: ServiceURLs,
) -> None:
    got = by_name(response.headers)
    if len(got.get("vary", ())) > 1 and got["vary"][-1] == "X-Auth-Token":
        got["vary"].pop()  # Glimpse adds it; the values of Compute remain, and are compared
    for name, pattern in _ADDED.items():
        if name not in expected.headers:
            for value in got.pop(name, []):
                if not pattern.fullmatch(value):
                    result.found.append(f"header {name} is malformed: {value}")
    ids = [got.get(name) for name in REQUEST_IDS]
    if REQUEST_IDS[0] in expected.headers and (
        ids[0] != ids[1] or len(ids[0] or ()) != 1 or not _REQUEST_ID.fullmatch(str(ids[0][0]))  # type: ignore[index]  # one value, just checked
    ):
        result.found.append(f"request ids: expected two equal well-formed ones, got {ids}")
    result.check("header names", sorted(expected.headers), sorted(got))
    for name in sorted(expected.headers.keys() & got.keys()):
        _HEADER_RULES.get(name, _same)(result, name, expected, got[name])
    length = got.get("content-length")
    if length and method != "HEAD":
        result.check("Content-Length and the body", [str(len(response.body))], length)
    for challenge in got.get("www-authenticate", []):
        result.check("challenge", f'Keystone uri="{service_urls.identity}"', challenge)


def _same(result: Differences, name: str, expected: Expected, got: list[str]) -> None:
    result.check(f"header {name}", expected.headers[name], got)


def _length(result: Differences, name: str, expected: Expected, got: list[str]) -> None:
    if expected.same_length:
        result.check(f"header {name}", expected.headers[name], got)


def _compared_separately(
    _result: Differences, _name: str, _expected: Expected, _got: list[str]
) -> None:
    """Do nothing: `_compare_headers` compares this header itself."""


_HEADER_RULES: dict[str, Callable[[Differences, str, Expected, list[str]], None]] = {
    "content-length": _length,
    "www-authenticate": _compared_separately,
    **dict.fromkeys(REQUEST_IDS, _compared_separately),
}
