# ruff: noqa: SLF001  regular expressions are private to their modules
"""Rows for paths, queries and bodies of requests to the Compute, Identity and Image APIs."""

from unittest.mock import create_autospec

from glimpse.compute import list_query, metadata, microversions
from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.image_routes import image_routes as compute_image_routes
from glimpse.compute.request_parsing import parse_json
from glimpse.compute.servers import bodies, flavor_query
from glimpse.embedded.imports import download_url
from glimpse.identity.embedded.endpoint_urls import expand_url
from glimpse.identity_api import attributes, schemas
from glimpse.image_api import byte_ranges, json_patch
from glimpse.image_api import list_query as image_list_query
from glimpse.image_api import routes as image_routes
from glimpse.images import Caller, dates, query_values
from tests.linear_time.row import ANY, Row, repeated

QUOTED = repeated(
    '"', '"a,', '\\"', "a,", 'in:^\\"$a', 'in:"^a$', 'in:^"",$', "in:^,$", 'in:^a"$', 'in:^"a$"'
)
COMPUTE_ROUTES = compute_image_routes(create_autospec(ImageOperations))
NUMBERS = repeated("1", "0.^0$", "1e^9$", " ", "-^1$", "1_", "^0$x", "1.^0$e")

API_ROWS = {
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
    "server tag": Row(bodies._TAG.fullmatch, ANY, "compute.servers.bodies:_TAG"),
    "number of servers": Row(
        lambda text: bodies._check_single_server({"min_count": text}),
        repeated("1", "0", "1^1$x"),
        "compute.servers.bodies:fullmatch",
    ),
    "flavor filters": Row(
        lambda text: flavor_query.parse_flavor_list_request(
            f"minRam={text}".encode(), Caller("user", "project", frozenset()), 1
        ),
        repeated("1", " ", "1_", "&limit=1", "&marker=a", "&sort_key=name"),
    ),
    "microversion": Row(
        microversions.parse_microversion,
        repeated("1", "1.^1$", "1.", "\u0661"),
        "compute.microversions:_VERSION",
    ),
    "route": Row(
        lambda text: COMPUTE_ROUTES.match("GET", "/v2.1", text),
        repeated("/", "/a", "/^a$/", "\n"),
        "compute.routes:_PROJECT",
    ),
    "split of a filter": Row(query_values.split_list, QUOTED, "images.query_values:_QUOTED"),
    "split of a filter without quotes": Row(
        query_values.split_list, QUOTED, "images.query_values:_UNQUOTED"
    ),
    "number filter": Row(
        lambda text: image_list_query.parse_filters([("size", text)]),
        NUMBERS,
        "images.query_values:_LEADING_NUMBER",
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
        lambda text: json_patch._parse_pointer("add", text),
        repeated("/^a$", "/^~0$", "~", "~1"),
        "image_api.json_patch:search",
    ),
    "name": Row(attributes._VISIBLE.search, ANY, "identity_api.attributes:_VISIBLE"),
    "id": Row(attributes._ID.search, repeated("a", "^a$_", "-"), "identity_api.attributes:_ID"),
    "tag": Row(
        schemas._TAG_TEXT.search,
        repeated("a", "^a$,", "/"),
        "identity_api.schemas:_TAG_TEXT",
    ),
    "URL": Row(
        schemas._SCHEME.search, repeated("a", "^a$:", "a:^a$", ":"), "identity_api.schemas:_SCHEME"
    ),
    "endpoint": Row(
        lambda text: expand_url(text, "user", "project"),
        repeated("%", "%%", "%(", "%(user_id)s", "%(^a$)s", "a", "%(project_id)s%%"),
        "identity.embedded.endpoint_urls:_SUBSTITUTION",
    ),
    "slashes": Row(lambda text: image_routes._plain_path(text, "/image"), repeated("/", "//a")),
    "URL of a download": Row(
        lambda text: download_url.parse_url(f"http://{text[:8000]}"),
        (*ANY, *repeated("a", "a.", "a-", "0x", "-^a-$", "/", "/?", "a/^%20$", "\u00e4")),
        "embedded.imports.download_url:_FORBIDDEN",
    ),
    "host and port of a download": Row(
        download_url._HOST_AND_PORT.fullmatch,
        repeated("a", "[^a$]", "[^a$", "[]:^1$x", "[", "]"),
        "embedded.imports.download_url:_HOST_AND_PORT",
    ),
    "host of a download": Row(
        download_url.parse_host,
        (*ANY, *repeated("a.", "a-", "0x", "1", "1.", "\u00e4")),
        "embedded.imports.download_url:_HOST_NAME",
    ),
    "number of a host": Row(
        download_url._NUMBER.fullmatch,
        repeated("0", "0x^f$", "0x^f$g", "1^1$x"),
        "embedded.imports.download_url:_NUMBER",
    ),
}
