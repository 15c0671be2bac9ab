"""Hand-written scenarios of the Image API: unusual numbers, texts, encodings and headers."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import Scenario, image_call, numbered
from tests.differential.base_images import image_id
from tests.differential.image_requests import IMAGE, PATCH, create, delete, replace, show

_BODIES = (
    *(
        f'{{"min_ram": {number}}}'.encode()
        for number in ("1e3", "-0", "1.0", "1e400", "NaN", "true")
    ),
    *(f'{{"min_ram": {"9" * digits}}}'.encode() for digits in (10, 19, 20, 40)),
    *(f'{{"size": {number}}}'.encode() for number in ("1.5", "-1", "1e2")),
    *(b'{"name": "a", "name": "b"}', b'{"a": "1", "a": 2}', b'{"name": "a",}', b"{'name': 'a'}"),
    *(
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "é"}'.encode("latin-1"),
        '{"a": "b"}'.encode("utf-16"),
    ),
    *(b' {"name": "a"} ', b'{"name": "a"} x', b'{"name": "\\u00e9"}', b'{"name": "\t"}', b"[{}]"),
    *(
        b'{"tags": [null]}',
        b'{"tags": [["a"]]}',
        b'{"tags": ["a", 1]}',
        b'{"tags": ["' + b"x" * 300 + b'"]}',
    ),
    *(b'{"id": null}', b'{"id": ""}', b'{"visibility": "Public"}', b'{"disk_format": "RAW"}'),
    *(b'{"name": ""}', b'{"": ""}', b'{" ": " "}', b'{"a\\nb": "c\\nd"}', b'{"protected": null}'),
    *(b'{"owner": null}', b'{"self": null}', b'{"os_hidden": 1}', b'{"a": ' + b"[" * 2000 + b"}"),
    b'{"a": "' + b"x" * 65536 + b'"}',
)
_TAGS: tuple[Any, ...] = ([], ["b", "a", "b"], [""], None, "a", {}, ["x" * 255])
_CHANGES = (
    *(
        replace("min_disk", number)
        for number in (0, -1, 2**31 - 1, 2**31, 2**63, 1.0, True, "1", None)
    ),
    *(replace("tags", tags) for tags in _TAGS),
    *(replace("name", name) for name in (None, "", "x" * 255, "x" * 256, "é", 1)),
    *(
        replace("visibility", each)
        for each in ("private", "shared", "community", "Public", "", None)
    ),
    *(replace("protected", each) for each in (True, False, 0, None)),
    *(
        {"op": "add", "path": f"/{key}", "value": "x"}
        for key in ("b", "b ", "~01", "~1", "A", "é", "")
    ),
    *(
        {"op": "remove", "path": f"/{key}"}
        for key in ("name", "tags", "owner", "min_ram", "a/b", "id")
    ),
    *({"op": each, "path": "/a", "value": "x"} for each in ("ADD", "add ", "", None, "move")),
    {"op": "replace", "path": "/a", "value": "x", "from": "/b"},
    {"op": "add", "path": "/a", "value": {"b": "c"}},
)
_QUERIES = (
    *(
        f"limit={each}"
        for each in ("%D9%A3", "1_0", "%2B1", "01", "1e1", "0x1", "9" * 30, "-0", "true")
    ),
    *(f"size_min={each}" for each in ("1_0", "%2B1", "1e1", "9" * 20)),
    *(
        f"sort={each}"
        for each in ("name:ASC", "name,", ",name", "name:asc:desc", "name,name", "%20name")
    ),
    *(f"sort_dir={each}" for each in ("ASC", "asc,desc", "")),
    *(f"os_hidden={each}" for each in ("True", "tRuE", "0", "yes", "")),
    *(f"protected={each}" for each in ("True", "0", "null")),
    *(
        f"name={each}"
        for each in ("in:", "in:alpha", "in:alpha,", "in:%22", "in:%22alpha%22", "eq:", "gt:a")
    ),
    *(
        f"status={each}"
        for each in ("in:", "killed", "deleted", "in:active,x", "eq:active", "neq:active")
    ),
    *(f"id={each}" for each in ("in:x", f"eq:{image_id(1)}", f"{image_id(1)}&id={image_id(2)}")),
    *(
        f"created_at={each}"
        for each in ("gt:", "gt", ":2024", "gt:2024", "gte:20240205", "gt:2024-02-05%2010:00")
    ),
    *(
        f"created_at={each}"
        for each in ("gt:2024-02-05T10:20", "eq:2024-02-05T10:20:30", "lt:2024-W06-1")
    ),
    *(f"member_status={each}" for each in ("Accepted", "all&visibility=shared", "pending&owner=x")),
    *(f"visibility={each}" for each in ("all&owner=x", "shared&visibility=public", "Private")),
    *(
        "container_format=BARE",
        "disk_format=in:",
        "checksum=",
        "os_hash_value=x",
        "virtual_size=99",
    ),
    *("min_ram=1&min_disk=0", "tag=%20t", "tag=t%20", "is_public=x", "page_size=1", "deleted=x"),
)
_UPLOAD_HEADERS = (
    *(
        {"Accept": "text/html"},
        {"Content-MD5": "x"},
        {"Content-Encoding": "gzip"},
        {"If-Match": "x"},
    ),
    *({"X-Image-Meta-Name": "x"}, {"X-Image-Meta-Size": "3"}, {"Content-Range": "bytes 0-1/2"}),
)


def edges() -> Iterator[Scenario]:
    """Yield requests with unusual values."""
    data = {"Content-Type": "application/octet-stream"}
    rows = [
        *(
            [image_call("POST", "/images", body, saves={"image": "id"}), show(), delete()]
            for body in _BODIES
        ),
        *(
            [
                create(a="b"),
                image_call("PATCH", IMAGE, [each], headers={"Content-Type": PATCH}),
                show(),
            ]
            for each in _CHANGES
        ),
        *([image_call("GET", f"/images?lot=base&{query}")] for query in _QUERIES),
        *(
            [
                create(),
                image_call("PUT", f"{IMAGE}/file", b"data", headers={**data, **each}),
                show(),
            ]
            for each in _UPLOAD_HEADERS
        ),
    ]
    yield from numbered("edge", rows)
