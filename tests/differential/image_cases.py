"""Hand-written scenarios of the Image API: new images, patches, lists."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, CREW, OTHERS, image_id
from tests.differential.image_requests import (
    IMAGE,
    OLD_PATCH,
    PATCH,
    create,
    delete,
    patch,
    replace,
    show,
    upload,
)

_READ_ONLY = (
    *("status", "checksum", "size", "virtual_size", "created_at", "updated_at", "self", "file"),
    *("schema", "direct_url", "stores", "os_hash_algo", "os_hash_value", "locations", "location"),
    *("deleted", "deleted_at", "id", "owner_id", "is_public", "members"),
)
_DOCUMENTS: tuple[Any, ...] = (
    *({key: value} for key in _READ_ONLY for value in ("x", 1, None)),
    *({key: 1} for key in ("name", "tags", "owner", "visibility", "protected", "os_hidden", "a")),
    *({key: "x"} for key in ("protected", "os_hidden", "min_ram", "min_disk", "tags")),
    {"id": image_id(0)},
    {"id": image_id(0x99).upper()},
    {"visibility": "public"},
    {"name": "a\tb"},
    {"name": "\U0001f600"},
    {"\U0001f600": "x"},
    {"owner": OTHERS},
    {"owner": ""},
    {"tags": ["a", ""]},
    {"tags": ["a,b", "a b", "é"]},
    {"tags": {}},
    {"hw_disk_bus": "virtio", "os_distro": "x", "os_glance_importing_to_stores": "x"},
    {"disk_format": "raw", "container_format": "ami"},
    {"disk_format": "aki", "container_format": "ari"},
    {"disk_format": "gpt", "container_format": "bare"},
    {"a b": "x", "A": "x", "a": "y"},
    {"a.b:c": "x" * 70000},
    {"min_ram": 1.0},
    {"locations": []},
    {"status": "queued", "name": 1},
    [],
    [{}],
    "x",
    None,
)
_BODIES = (b"", b"{", b"\xff", b"1", b"null", b'{"a": "\\ud800"}', b'{"name": "\\u0000"}')


def creates() -> Iterator[Scenario]:
    """Yield requests that create images; the created ones are read."""
    requests = [
        *(image_call("POST", "/images", each, saves={"image": "id"}) for each in _DOCUMENTS),
        *(
            image_call("POST", "/images", {"visibility": each}, user)
            for each in ("public", "community", "private", "shared")
            for user in ("reader", "admin", "other", "unscoped:owner", "none", "system:admin")
        ),
        *(
            image_call("POST", "/images", {"owner": each}, user)
            for each in (CREW, OTHERS, None, "")
            for user in ("reader", "admin")
        ),
        *(image_call("POST", "/images", body) for body in _BODIES),
        *(
            image_call("POST", "/images", {}, headers={"Content-Type": kind})
            for kind in ("text/plain", "", "application/xml", "application/json; charset=latin-1")
        ),
    ]
    yield from numbered("create", ([each, show(), delete()] for each in requests))


_ADD, _REMOVE = {"op": "add", "path": "/b", "value": "c"}, {"op": "remove", "path": "/a"}
_REFUSED: tuple[list[Any], ...] = (
    *([replace(key, value)] for key in _READ_ONLY for value in ("x", 1)),
    *([{"op": "remove", "path": f"/{key}"}] for key in _READ_ONLY),
    *([{"op": "add", "path": f"/{key}", "value": "x"}] for key in _READ_ONLY),
    [replace("owner", OTHERS)],
    [replace("owner", None)],
    [replace("visibility", "public")],
    [replace("visibility", "x")],
    [replace("protected", "x")],
    [replace("name", 1), replace("status", "x")],
    [replace("status", "x"), replace("name", 1)],
    [replace("missing", "x"), replace("status", "x")],
    [{"op": "replace", "path": "/status"}],
    [_REMOVE, _REMOVE],
    [{**_ADD, "op": "test"}],
    [{**_ADD, "op": "copy", "from": "/a"}],
    [{**_ADD, "op": 1}],
    [{**_ADD, "path": 1}],
    [{**_ADD, "path": "/b/c"}],
    [{**_ADD, "path": "//b"}],
    [{**_ADD, "path": "/tags/-"}],
    [{**_ADD, "path": "/locations/-"}],
    [{**_ADD, "path": "/locations/-", "value": {"url": "x", "metadata": {}}}],
    [{**_ADD, "path": "/" + "k" * 256}],
    [{"op": "add", "path": f"/k{number}", "value": "x"} for number in range(129)],
    [replace("tags", [str(number) for number in range(129)])],
    [replace("tags", ["x" * 256])],
    [[]],
    [None],
)


def patches() -> Iterator[Scenario]:
    """Yield patches of an image of the owner, in both notations, by different callers."""
    made = create(a="b", tags=["t"])
    rows = [
        [made, patch(_ADD, _REMOVE, _ADD), show()],
        [made, patch(_ADD, {"op": "remove", "path": "/b"}), show()],
        *(
            [made, *(patch(*each) for each in _REFUSED[first : first + 5]), show()]
            for first in range(0, len(_REFUSED), 5)
        ),
        *([first, *_patches_by(user)] for first, user in _FOREIGN),
        *([made, *_malformed(kind)] for kind in _KINDS),
        *(
            [made, upload(), patch(replace(key, value))]
            for key, value in (
                *(("disk_format", "qcow2"), ("container_format", "ovf"), ("disk_format", "raw")),
                *(("min_disk", 2**31), ("min_ram", -1), ("visibility", "public")),
            )
        ),
    ]
    absent = f"/images/{ABSENT_IMAGE}"
    rows += [
        [image_call("PATCH", absent, body, user, {"Content-Type": kind})]
        for user in ("owner", "reader", "none")
        for body in ([], [_ADD], [replace("status", "x")], [replace("locations", [])], [1])
        for kind in (PATCH, "text/plain")
    ]
    yield from numbered("patch", rows)


_FOREIGN = (
    *(
        (create(), user)
        for user in ("reader", "other", "admin", "none", "invalid", "unscoped:owner")
    ),
    *((create(visibility="community"), user) for user in ("reader", "other")),
)
_KINDS = (PATCH, OLD_PATCH, "application/json", "", "application/json-patch+json")


def _patches_by(user: str) -> Iterator[ApiRequest]:
    """Yield patches that most callers may not make."""
    public = replace("visibility", "public")
    for changes in ([], [_ADD], [replace("status", "x")], [replace("name", 1)], [1], [public]):
        yield patch(*changes, user=user)


def _malformed(kind: str) -> Iterator[ApiRequest]:
    """Yield patches of a media type whose bodies are not all valid."""
    for body in (b"", b"{", b"{}", b"null", b"[]", b'[{"replace": "/a", "value": "c"}]'):
        yield image_call("PATCH", IMAGE, body, headers={"Content-Type": kind})


_QUERIES = (
    *(f"tag={each}" for each in ("t", "T", "U", "%C3%A9", "%C3%89", "t&tag=u", "t&tag=t", "", "x")),
    *(f"name={each}" for each in ("alpha", "ALPHA", "Gamma", "in:alpha,beta", "neq:alpha", "x:y")),
    *(f"color={each}" for each in ("red", "Red", "in:red,blue", "", "red&color=blue")),
    *(f"status={each}" for each in ("active", "ACTIVE", "in:active,queued", "x&status=queued")),
    *(
        f"visibility={each}"
        for each in ("public", "private", "shared", "community", "all", "PUBLIC")
    ),
    *(f"member_status={each}" for each in ("accepted", "pending", "rejected", "all", "x", "")),
    "visibility=shared&member_status=pending",
    *(f"owner={each}" for each in (CREW, OTHERS, "x", "")),
    *(f"os_hidden={each}" for each in ("true", "false", "TRUE", "1", "x")),
    *(f"protected={each}" for each in ("true", "false", "TRUE", "1", "x")),
    *(f"{key}={value}" for key in ("size", "min_ram", "virtual_size") for value in ("7", "1", "x")),
    *(f"size_{end}={value}" for end in ("min", "max") for value in ("7", "-1", "1.5", "x", "")),
    *(f"id={each}" for each in (image_id(1), f"in:{image_id(1)},{image_id(2)}", "x", "in:")),
    *(f"created_at={each}" for each in ("gt:2024-02-05", "2024-02-05T10:20:30Z", "lt:x", "eq:")),
    *(f"updated_at=gte:{each}" for each in ("2024-03-20T00:00:00", "2024-03-20T00:00:00%2B01:00")),
    *("disk_format=qcow2", "disk_format=in:raw,qcow2", "container_format=ovf", "checksum=x"),
    *("deleted=true", "is_public=true", "changes-since=2024-01-01", "changes_since=x", "foo=bar"),
    *(f"sort={each}" for each in ("name", "name:asc", "size:desc", "name:asc,size:desc", "x", ":")),
    *("sort_key=name&sort_dir=asc", "sort_key=name&sort_dir=x", "sort_key=x", "sort_dir=asc"),
    "sort_key=size&sort_key=name&sort_dir=asc",
    "sort_key=size&sort_key=name&sort_dir=asc&sort_dir=desc",
    *("sort_dir=asc&sort_dir=desc", "sort=name&sort_key=name", "sort=name&sort_dir=asc"),
    *("sort=status,disk_format,container_format,id", "sort=visibility", "sort=min_ram"),
    *(
        f"limit={each}"
        for each in ("1", "3", "5&sort=name:asc", "0", "-1", "x", "", "1001", "%201")
    ),
    *(f"limit={each}" for each in ("9", "10", "11")),  # the owner sees 10: a full last page
    *(f"limit=2&{each}" for each in ("tag=t&tag=u", "color=red&color=blue", "name=in:alpha,beta")),
    *(f"limit=2&{each}" for each in ("name=q%22uote", "name=c%2Cd", "name=%C3%A9", "a=b+c")),
    *(f"marker={each}" for each in (image_id(3), "x", "", ABSENT_IMAGE, image_id(8))),
    f"marker={image_id(3)}&limit=2",
    f"marker={image_id(3)}&marker={image_id(5)}&limit=2",
    *("limit=1&limit=2", "%00=x", "name=%00", "name=%FF", "a=b;c=d", "&&", "=x", "limit"),
)


def lists() -> Iterator[Scenario]:
    """Yield lists of the base images by different callers."""
    rows = [[image_call("GET", f"/images?lot=base&{query}")] for query in _QUERIES]
    for user in ("other", "admin", "reader", "unscoped:owner", "system:admin"):
        queries = ("", "visibility=all", f"owner={CREW}", "member_status=all", "os_hidden=true")
        rows += [[image_call("GET", f"/images?lot=base&{query}", None, user)] for query in queries]
        images = [f"/images/{image_id(number)}" for number in range(13)]
        rows.append([image_call("GET", path, None, user) for path in images])
    yield from numbered("list", rows)
