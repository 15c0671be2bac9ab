# ruff: noqa: SLF001  regular expressions are private to their modules
"""Rows for text from Glance and Keystone, and for access rules."""

from glimpse.compute import links, views
from glimpse.glance import error_text, image_document, list_pages, responses
from glimpse.glance.api_servers import ApiServers, is_url
from glimpse.glance.unsupported_requests import diagnose_properties
from glimpse.identity.access_rules import AccessRule, RequestTarget, is_allowed
from glimpse.identity.keystone.token_document import parse_validation
from glimpse.upstream import request_encoder
from glimpse.upstream.transport import Response
from glimpse.upstream.urls import strip_credentials
from tests.linear_time.row import ANY, Row, repeated

HTML = repeated(
    "<head>", "<h1>", "</h1>", "<h1><head>", "<head>a</head>", "<", "<a", "&#1", "&#^1$;"
)
RULES = ("/*a*a*a*a*a*a*a*ab", "/" + "**a" * 50 + "/b", "/{x}**{y}**b*c")

UPSTREAM_ROWS = {
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
        lambda text: ApiServers([text], 1),
        repeated("http://^a$", "//", "//a", "@", "//^a$@"),
        "glance.api_servers:sub",
    ),
    "URL of a catalog": Row(is_url, repeated("http://^a$", "//", "@")),
    "URL in a log": Row(
        strip_credentials, repeated("http://^a$", "//", "@", "http://[^:$", "http://a:^1$")
    ),
    "header to send": Row(
        request_encoder._LINE_END.search, ANY, "upstream.request_encoder:_LINE_END"
    ),
    "URL of a link": Row(links._PLAIN_URL.fullmatch, ANY, "compute.links:_PLAIN_URL"),
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
