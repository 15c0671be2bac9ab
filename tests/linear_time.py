# ruff: noqa: SLF001  patterns are private to their modules
"""Regular expressions and loops over text from outside, with the texts that take longest."""

from collections.abc import Callable
from typing import NamedTuple

from glimpse.compute import content_negotiation, list_query, metadata, microversions, routes, views
from glimpse.compute.request_parsing import parse_json
from glimpse.glance import error_text, image_document, list_pages, responses
from glimpse.glance.servers import Servers, is_url
from glimpse.glance.unsupported_requests import diagnose_properties
from glimpse.http import accept, proxy_headers
from glimpse.identity.access_rules import AccessRule, RequestTarget, is_allowed
from glimpse.identity.keystone.token_document import parse_validation
from glimpse.image_api import byte_ranges, json_patch
from glimpse.image_api import list_query as image_list_query
from glimpse.image_api import routes as image_routes
from glimpse.images import dates, filter_values
from glimpse.server import request_body, request_head
from glimpse.telemetry import redaction
from glimpse.upstream import request_encoder
from glimpse.upstream.transport import Response
from glimpse.upstream.urls import strip_credentials


class Row(NamedTuple):
    """A function of a text, the texts that take longest, and its regular expression if any.

    `pattern` is the module below ``glimpse`` and the name of the regular expression.
    """

    function: Callable[[str], object]
    texts: tuple[Callable[[int], str], ...]
    pattern: str = ""


def repeated(*parts: str) -> tuple[Callable[[int], str], ...]:
    """Return functions that repeat each part to a size; ``a^b$c`` is one a, many b, one c."""

    def make(part: str) -> Callable[[int], str]:
        beginning, _, rest = part.rpartition("^")
        middle, _, end = rest.partition("$")
        return lambda size: beginning + middle * (size // len(middle)) + end

    return tuple(map(make, parts))


ANY = repeated(
    "a", " ", "\n", ",", ";", '"', "\\", "/", "<", "&", "%", "=", "0", "~", "*", "\u0301\u0316"
)
HTML = repeated(
    "<head>", "<h1>", "</h1>", "<h1><head>", "<head>a</head>", "<", "<a", "&#1", "&#^1$;"
)
ACCEPT = repeated(
    "a/^b$!",
    "a/b;x=^y$!",
    ";x=",
    'a/b;x="^y$',
    "a/b^ $!",
    "a/b;q=1,",
    "a/b;q=^0$",
    'a/b;x="^\\a$',
    'a/b;x="^a"x="$!',
    '"',
    ',"',
    'a/b;q=1;x="^a";x="$',
    "a/b;q=1^ $;",
    ";q=1",
    '"^\\$',
)
QUOTED = repeated(
    '"', '"a,', '\\"', "a,", 'in:^\\"$a', 'in:"^a$', 'in:^"",$', "in:^,$", 'in:^a"$', 'in:^"a$"'
)
NUMBERS = repeated("1", "0.^0$", "1e^9$", " ", "-^1$", "1_", "^0$x", "1.^0$e")
LOGGED = repeated(
    *("a", ":", "://", "://a@", ":a", "@", "/", "/tokens/", "tokens/", "gAAAA", "eyJ"),
    *("eyJaaaaaaaa.", "eyJaaaaaaaa", "-eyJaaaaaaaa", "token", "token=", "token:", "key"),
    *("%", "%25", "%2Ftokens%2F", "x-auth-token:", "x-auth-token: "),
    *('password:"', "password:'", 'secret: "a', "secret:^a$ ", ";"),
    *("?", "&", "\n", "\x9b", "\u2028", 'password="^a$', "://^a$", "://^:$@", "://a:b@", "/tokens"),
)
RULES = ("/*a*a*a*a*a*a*a*ab", "/" + "**a" * 50 + "/b", "/{x}**{y}**b*c")


def ignoring_errors(function: Callable[[str], object]) -> Callable[[str], object]:
    """Return `function` without its errors: only its duration is of interest."""

    def call(text: str) -> object:
        try:
            return function(text)
        except Exception:  # noqa: BLE001  any error is a result
            return None

    return call


def in_bytes(function: Callable[[bytes], object]) -> Callable[[str], object]:
    """Return a function that calls `function` with the bytes of a text."""
    return lambda text: function(text.encode("latin-1", "replace"))


ROWS = {
    # Text in requests
    "accept": Row(lambda text: accept.best_offer(text, ("application/json",)), ACCEPT),
    "elements of accept": Row(accept._ELEMENT.findall, ACCEPT, "http.accept:_ELEMENT"),
    "pieces of a media range": Row(accept._PIECE.findall, ACCEPT, "http.accept:_PIECE"),
    "media range": Row(accept._WELL_FORMED.fullmatch, ACCEPT, "http.accept:_WELL_FORMED"),
    "negotiation": Row(
        lambda text: content_negotiation.preference(text, content_negotiation.JSON_TYPES), ACCEPT
    ),
    "version parameter": Row(content_negotiation.version_parameter, ACCEPT),
    "address": Row(
        lambda text: proxy_headers.client_address({b"x-forwarded-for": text.encode()}),
        repeated("1.", "[^:$", "[^1:$]", "[::1]:^1$", "1:^1$.", ":"),
        "http.proxy_headers:_ADDRESS",
    ),
    "request line": Row(
        in_bytes(request_head._REQUEST_LINE.match),
        repeated("A", "GET /^a$ HTTP/1.1", "GET ^a$", " ", "GET /^a$ HTTP/2.0\r\n"),
        "server.request_head:_REQUEST_LINE",
    ),
    "request line of another version": Row(
        in_bytes(request_head._OTHER_VERSION.match),
        repeated("A", "A ^a$", "A a HTTP/^1$", "A a HTTP/1.^1$", "A ^ HTTP/1$\r", "A^ a$"),
        "server.request_head:_OTHER_VERSION",
    ),
    "method": Row(
        in_bytes(request_head._METHOD.match), repeated("A", "^A$\n"), "server.request_head:_METHOD"
    ),
    "bytes of no head": Row(
        in_bytes(request_head._NEVER_VALID.search),
        repeated("a", "\r", "\r\n", "a\r"),
        "server.request_head:_NEVER_VALID",
    ),
    "head with an upgrade": Row(
        in_bytes(lambda head: request_head._UPGRADE.sub(b"", head)),
        repeated("\r\nupgrade:", "\r\nupgrade", "\r\nupgrade:^a$", "\r\n"),
        "server.request_head:_UPGRADE",
    ),
    "absolute-form": Row(
        in_bytes(request_head._ABSOLUTE_FORM.match),
        repeated("http://^a$", "http://", "http://^a$:"),
        "server.request_head:_ABSOLUTE_FORM",
    ),
    "host": Row(
        in_bytes(request_head._HOST.fullmatch),
        repeated("a", "[^:$]", "[::1%^a$]", "[::1%^a$", "%41", "%4", "a:^1$", "[::1%^%41$ ]"),
        "server.request_head:_HOST",
    ),
    "size of a chunk": Row(
        in_bytes(request_body._SIZE_LINE.match),
        repeated("1", "1^ $", " ", "1;^a$", "1;^a$\x01", "1^ $;"),
        "server.request_body:_SIZE_LINE",
    ),
    "trailer": Row(
        in_bytes(request_body._TRAILER.match),
        repeated("a", "a:^a$", "a:^a$\x01", "a:"),
        "server.request_body:_TRAILER",
    ),
    "target in a log line": Row(lambda text: redaction.redact_target(text, text), LOGGED),
    "message in a log line": Row(redaction.sanitize, LOGGED, "telemetry.redaction:_IN_TEXT"),
    **{
        f"redaction: {name}": Row(
            lambda text, name=name: getattr(redaction, name).sub("", text),  # type: ignore[misc]  # mypy does not infer a lambda's default
            LOGGED,
            f"telemetry.redaction:{name}",
        )
        for name in (
            *("_SECRET_NAME", "_SECRET_VALUE", "_TOKEN", "_USERINFO", "_SEPARATORS"),
            *("_HARMLESS_PATH", "_HARMLESS_QUERY", "_PLAIN_URL"),
        )
    },
    "host of a proxy": Row(
        proxy_headers._HOST.fullmatch,
        repeated("a", "[^:$", "[^:$]", "a:^1$", "a.", ":"),
        "http.proxy_headers:_HOST",
    ),
    "prefix of a proxy": Row(
        proxy_headers._PREFIX.fullmatch,
        repeated("/", "/a", "^/a$ ", "/^a$%", "/^%41$ ", "%41"),
        "http.proxy_headers:_PREFIX",
    ),
    "forwarded": Row(
        lambda text: proxy_headers.client_address({b"forwarded": text.encode()}),
        repeated("for=a;", ";", "="),
    ),
    "whole number": Row(
        list_query._WHOLE_NUMBER.fullmatch, NUMBERS, "compute.list_query:_WHOLE_NUMBER"
    ),
    "list filters": Row(
        lambda text: list_query.parse_list_request(text.encode()),
        repeated(
            "name=a&", "name=^a$", "status=in:^a,$", ";", "changes-since=2024-01-01T00:00:00.^0$"
        ),
    ),
    "metadata key": Row(metadata._KEY.fullmatch, ANY, "compute.metadata:_KEY"),
    "encoded metadata": Row(
        metadata.decode_json, repeated("[", "1", '{"a":', '"^a$', "-^1$", "1e")
    ),
    "JSON body": Row(lambda text: parse_json(text.encode()), repeated("[", "1", '{"a":', '"^a$')),
    "microversion": Row(
        microversions.parse_microversion,
        repeated("1", "1.^1$", "1.", "\u0661"),
        "compute.microversions:_VERSION",
    ),
    "route": Row(
        lambda text: routes.match_route("GET", "/v2.1", text),
        repeated("/", "/a", "/^a$/", "\n"),
        "compute.routes:_PROJECT",
    ),
    "split of a filter": Row(filter_values.split_list, QUOTED, "images.filter_values:_QUOTED"),
    "split of a filter without quotes": Row(
        filter_values.split_list, QUOTED, "images.filter_values:_UNQUOTED"
    ),
    "number filter": Row(
        lambda text: image_list_query.parse_filters([("size", text)]),
        NUMBERS,
        "images.filter_values:_LEADING_NUMBER",
    ),
    "sort": Row(
        lambda text: image_list_query.parse_filters([("sort", text)]),
        repeated("name,", ",", ":", " "),
    ),
    "date": Row(
        dates.parse_date_bound,
        repeated("1", "2024-01-01T00:00:00.^0$", "2024-01-01T00:00:00.^0$x", ":", "gte:^1$"),
        "images.dates:_ISO_8601",
    ),
    "range of bytes": Row(
        lambda text: byte_ranges.parse_range(text, 10),
        repeated(" ", "1", "bytes=^1$", "bytes=1-^1$", "bytes=1-1^ $x", "^ $bytes"),
        "image_api.byte_ranges:_RANGE",
    ),
    "JSON pointer": Row(
        json_patch._parse_pointer,
        repeated("/^a$", "/^~0$", "~", "~1"),
        "image_api.json_patch:search",
    ),
    "slashes": Row(lambda text: image_routes._plain_path(text, "/image"), repeated("/", "//a")),
    # Text from Glance and Keystone
    "reason of an error": Row(
        lambda text: error_text.extract_reason(text.encode()),
        (*HTML, *ANY),
        "glance.error_text:_TAG",
    ),
    "headings": Row(error_text.remove_headings, HTML, "glance.error_text:_OPENING"),
    "ends of headings": Row(error_text.remove_headings, HTML, "glance.error_text:_CLOSING"),
    "status line": Row(
        lambda text: error_text._STATUS_LINE.sub("", text),
        repeated(" ", "123 ^a$", "^ $123", "\n", "123 ^A $", "^\n$123 a"),
        "glance.error_text:_STATUS_LINE",
    ),
    "id of an image": Row(image_document._ID.fullmatch, ANY, "glance.image_document:_ID"),
    "next page": Row(
        lambda text: list_pages.parse_next_marker({"next": text}),
        repeated("marker=a&", "&", "?marker=^a$", "%", ";"),
    ),
    "document": Row(
        lambda text: responses.parse_document(Response(200, [], text.encode())),
        repeated("[", '{"a":', "1", '"^a$'),
    ),
    "alike keys": Row(
        lambda text: diagnose_properties({text: "a"}, {"key": "b"}),
        repeated("\u0301\u0316", "\ufb03", "A"),
    ),
    "URL of Glance": Row(
        lambda text: Servers([text], 1),
        repeated("http://^a$", "//", "//a", "@", "//^a$@"),
        "glance.servers:sub",
    ),
    "URL of a catalog": Row(is_url, repeated("http://^a$", "//", "@")),
    "URL in a log": Row(
        strip_credentials, repeated("http://^a$", "//", "@", "http://[^:$", "http://a:^1$")
    ),
    "header to send": Row(
        request_encoder._LINE_END.search, ANY, "upstream.request_encoder:_LINE_END"
    ),
    "URL of a link": Row(views._PLAIN_URL.fullmatch, ANY, "compute.views:_PLAIN_URL"),
    "special properties": Row(
        views._SPECIAL.search, repeated('"', '"instance_uuid', '"block'), "compute.views:_SPECIAL"
    ),
    "encoded properties": Row(
        views._ENCODED.search, repeated('"', '"block_device_mapping'), "compute.views:_ENCODED"
    ),
    "access rules": Row(
        lambda text: is_allowed(
            [AccessRule("compute", "GET", path) for path in RULES],
            RequestTarget("compute", "GET", f"/{text}"),
        ),
        repeated("a", "/a", "ab", "/"),
    ),
    "path of an access rule": Row(
        lambda text: AccessRule("compute", "GET", text).allows(
            RequestTarget("compute", "GET", "/aaa")
        ),
        repeated("*", "{", "{}", "**", "*a", "{a"),
    ),
    "token document": Row(
        lambda text: parse_validation(text.encode(), 0.0),
        repeated(
            "[",
            '{"token":',
            '{"token":{"expires_at":"^1$"}}',
            '{"token":{"expires_at":"2024-01-01T00:00:00.^0$"}}',
        ),
    ),
}
