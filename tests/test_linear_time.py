# ruff: noqa: SLF001  patterns are private to their modules
"""What meets foreign text takes time in proportion to it, be it a pattern or a loop.

Each pattern and each loop has texts that are the worst for it, as far as anybody could find.
"""

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import glimpse
from glimpse.compute import filters, metadata, microversions, negotiation, routes, views
from glimpse.compute.parsing import parse_json
from glimpse.embedded.api import patch, transfer
from glimpse.embedded.api import routes as image_routes
from glimpse.glance import answers, error_text, image_document, service
from glimpse.glance.blame import unstorable_property
from glimpse.glance.servers import Servers, is_url
from glimpse.http import accept, access, proxy
from glimpse.identity.access_rules import AccessRule, Asked, allowed
from glimpse.identity.keystone.token_document import parse_validation
from glimpse.images import dates, query
from glimpse.upstream import http
from glimpse.upstream.urls import shown

_SIZE = 4_000  # characters of the shorter text
_TIMES = 8
_MOST_TIMES = 4 * _TIMES  # a quadratic function takes 64 times as long
_NOTHING = 0.004  # seconds in which whatever is done with the longer text does not matter


class Row(NamedTuple):
    """A function, and what of it meets the text: the pattern that its module has, if it is one."""

    function: Callable[[str], object]
    texts: tuple[Callable[[int], str], ...]
    pattern: str = ""


def repeated(*parts: str) -> tuple[Callable[[int], str], ...]:
    """Texts of each part again and again; one that has ``|`` has its beginning and end once."""

    def make(part: str) -> Callable[[int], str]:
        beginning, _, rest = part.rpartition("^")
        middle, _, end = rest.partition("$")
        return lambda size: beginning + middle * (size // len(middle)) + end

    return tuple(map(make, parts))


ANY = repeated(
    "a", " ", "\n", ",", ";", '"', "\\", "/", "<", "&", "%", "=", "0", "~", "*", "\u0301\u0316"
)
HTML = repeated(
    "<head>", "<h1>", "</h1>", "<h1><head>", "<head>a</head>", "<", "<a", "&#1", "^&#1$;"
)
ACCEPT = repeated(
    "^a/b$!", "^a/b;x=y$!", ";x=", '^a/b;x="$', "^a/b $!", "a/b;q=1,", "^a/b;q=$", '^a/b;x="\\a$'
)
QUOTED = repeated('"', '"a,', '\\"', "a,", '^in:"\\"$a', '^in:"$', '^in:"",$', "^in:,$", '^in:a"$')
NUMBERS = repeated("1", "^0.$", "^1e$", " ", "^-$", "1_", "^0$x")
RULES = ("/*a*a*a*a*a*a*a*ab", "/" + "**a" * 50 + "/b", "/{x}**{y}**b*c")


def reading(function: Callable[[str], object]) -> Callable[[str], object]:
    """`function`, whose refusal is as good as any result."""

    def call(text: str) -> object:
        try:
            return function(text)
        except Exception:  # noqa: BLE001  what matters is how long it takes
            return None

    return call


ROWS = {
    # Of requests
    "accept.best_offer": Row(
        lambda text: accept.best_offer(text, ("application/json",)), ACCEPT, "http.accept:_RANGE"
    ),
    "accept weight": Row(accept._WEIGHT.fullmatch, NUMBERS, "http.accept:_WEIGHT"),
    "negotiation": Row(negotiation.preference, ACCEPT),
    "version parameter": Row(negotiation.version_parameter, ACCEPT),
    "query of an access line": Row(
        access._safe_query, repeated("token=", "a&", "%", "&=", "to"), "http.access:_SECRET"
    ),
    "path of an access line": Row(
        lambda text: access.safe_target({"raw_path": text.encode(), "query_string": b""}),
        repeated("/tokens/", "/tokens/a", "/", "/token"),
        "http.access:_TOKEN_IN_PATH",
    ),
    "address": Row(
        lambda text: proxy.client_address({b"x-forwarded-for": text.encode()}),
        repeated("1.", "^[$", "^[$]", "^[::1]:$", "^1:$.", ":"),
        "http.proxy:_ADDRESS",
    ),
    "forwarded": Row(
        lambda text: proxy.client_address({b"forwarded": text.encode()}),
        repeated("for=a;", ";", "="),
    ),
    "whole number": Row(filters._WHOLE_NUMBER.fullmatch, NUMBERS, "compute.filters:_WHOLE_NUMBER"),
    "list filters": Row(
        lambda text: filters.parse_list_request(text.encode()),
        repeated("name=a&", "^name=$", "^status=in:$", ";", "^changes-since=2024-01-01T00:00:00.$"),
    ),
    "metadata key": Row(metadata._KEY.fullmatch, ANY, "compute.metadata:_KEY"),
    "encoded metadata": Row(metadata.decoded, repeated("[", "1", '{"a":', '^"$', "^-$", "1e")),
    "JSON body": Row(lambda text: parse_json(text.encode()), repeated("[", "1", '{"a":', '^"$')),
    "microversion": Row(
        microversions.parse_microversion,
        repeated("1", "^1.$", "1.", "\u0661"),
        "compute.microversions:_VERSION",
    ),
    "route": Row(
        lambda text: routes.match_route("GET", text),
        repeated("/", "/a", "^/$/", "\n"),
        "compute.routes:_PROJECT",
    ),
    "split of a filter": Row(query._split_quoted, QUOTED, "images.query:_QUOTED"),
    "split of a filter without quotes": Row(query._split_quoted, QUOTED, "images.query:_UNQUOTED"),
    "number filter": Row(
        lambda text: query.parse_filters([("size", text)]), NUMBERS, "images.query:_LEADING_NUMBER"
    ),
    "sort": Row(
        lambda text: query.parse_filters([("sort", text)]), repeated("name,", ",", ":", " ")
    ),
    "date": Row(
        dates.parse_date_bound,
        repeated("1", "^2024-01-01T00:00:00.$", "^2024-01-01T00:00:00.$x", ":", "^gte:$"),
        "images.dates:_ISO_8601",
    ),
    "range of bytes": Row(
        lambda text: transfer.parse_range(text, 10),
        repeated(" ", "1", "^bytes=$", "^bytes=1-$", "^bytes=1-1$x", "^ $bytes"),
        "embedded.api.transfer:_RANGE",
    ),
    "JSON pointer": Row(patch._key, repeated("^/$", "~", "~0", "~1"), "embedded.api.patch:search"),
    "slashes": Row(lambda text: image_routes._plain_path(text, "/image"), repeated("/", "//a")),
    # Of Glance and Keystone
    "reason of an error": Row(
        lambda text: error_text.reason_of(text.encode()), (*HTML, *ANY), "glance.error_text:_TAG"
    ),
    "headings": Row(error_text.without_headings, HTML, "glance.error_text:_OPENING"),
    "ends of headings": Row(error_text.without_headings, HTML, "glance.error_text:_CLOSING"),
    "status line": Row(
        lambda text: error_text._STATUS_LINE.sub("", text),
        repeated(" ", "^123 $", "^ $123", "\n"),
        "glance.error_text:_STATUS_LINE",
    ),
    "id of an image": Row(image_document._ID.fullmatch, ANY, "glance.image_document:_ID"),
    "next page": Row(
        lambda text: service.next_marker({"next": text}),
        repeated("marker=a&", "&", "^?marker=$", "%", ";"),
    ),
    "document": Row(
        lambda text: answers.document(answers.Answer(200, text.encode())),
        repeated("[", '{"a":', "1", '^"$'),
    ),
    "alike keys": Row(
        lambda text: unstorable_property({text: "a"}, {"key": "b"}),
        repeated("\u0301\u0316", "\ufb03", "A"),
    ),
    "URL of Glance": Row(
        lambda text: Servers([text], 1),
        repeated("^http://$", "//", "//a", "@", "^//$@"),
        "glance.servers:sub",
    ),
    "URL of a catalog": Row(is_url, repeated("^http://$", "//", "@")),
    "URL in a log": Row(shown, repeated("^http://$", "//", "@", "^http://[$", "^http://a:$")),
    "header to send": Row(http._LINE_END.search, ANY, "upstream.http:_LINE_END"),
    "URL of a link": Row(views._PLAIN_URL.fullmatch, ANY, "compute.views:_PLAIN_URL"),
    "special properties": Row(
        views._SPECIAL.search, repeated('"', '"instance_uuid', '"block'), "compute.views:_SPECIAL"
    ),
    "encoded properties": Row(
        views._ENCODED.search, repeated('"', '"block_device_mapping'), "compute.views:_ENCODED"
    ),
    "access rules": Row(
        lambda text: allowed(
            [AccessRule("compute", "GET", path) for path in RULES],
            Asked("compute", "GET", f"/{text}"),
        ),
        repeated("a", "/a", "ab", "/"),
    ),
    "path of an access rule": Row(
        lambda text: AccessRule("compute", "GET", text).allows(Asked("compute", "GET", "/aaa")),
        repeated("*", "{", "{}", "**", "*a", "{a"),
    ),
    "token document": Row(
        lambda text: parse_validation(text.encode(), frozenset(), 0.0),
        repeated(
            "[",
            '{"token":',
            '^{"token":{"expires_at":"$"}}',
            '^{"token":{"expires_at":"2024-01-01T00:00:00.$"}}',
        ),
    ),
}
# Patterns of text that is our own or the operator's, or that is as short as it can be.
OURS = {
    "application:_REPEATED_SLASHES": "one character class, repeated",
    "compute.app:_REPEATED_SLASHES": "one character class, repeated",
    "embedded.api.validation:fullmatch": "a UUID: all of it has a fixed length",
    "embedded.data:_OS_ERROR": "messages of the operating system",
    "embedded.loadable:_AS_PRINTED": "all of it has a fixed length",
    "http.edge:_REQUEST_ID": "all of it has a fixed length",
    "http.protocol:_REQUEST_LINE": "the first line of a request: see its test in tests/http",
    "logs:_NAME": "formats of the operator",
    "settings.loading:_REFERENCE": "values of the operator",
}


def seconds(function: Callable[[str], object], text: str) -> float:
    """CPU time of a call: the least of several."""
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        function(text)
        least = min(least, time.thread_time() - began)
    return least


@pytest.mark.parametrize("name", ROWS)
def test_eight_times_the_text_takes_about_eight_times_as_long(name: str) -> None:
    row = ROWS[name]
    function = reading(row.function)
    for number, make in enumerate(row.texts):
        longer = seconds(function, make(_TIMES * _SIZE))
        if longer > _NOTHING:
            shorter = seconds(function, make(_SIZE))
            times = longer / max(shorter, 1e-6)
            assert times < _MOST_TIMES, f"text {number} took {times:.0f} times as long"


def test_every_pattern_of_the_source_is_timed_here() -> None:
    root = Path(glimpse.__file__).parent
    found: set[str] = set()
    for file in root.rglob("*.py"):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        tree = ast.parse(file.read_text())
        found |= {f"{module}:{name}" for name in patterns(tree)}
    timed = {row.pattern for row in ROWS.values() if row.pattern}
    assert found - timed - OURS.keys() == set(), "give each a row in this file"
    assert timed | OURS.keys() <= found, "a pattern that there is no more"


def patterns(tree: ast.AST) -> set[str]:
    """The names that compiled patterns are given, and the functions of `re` that take a text."""
    named: dict[ast.AST, str] = {}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for inner in ast.walk(node.value):
                named.setdefault(inner, ast.unparse(node.targets[0]))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            function = ast.unparse(node.func).removeprefix("re.")
            found.add(named.get(node, function) if function == "compile" else function)
    return found - {"escape"}
