"""Hand-written scenarios about HTTP: format of faults, methods, paths, bodies, headers."""

from collections.abc import Iterator

from tests.differential.api_request import Scenario, identity_call, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, image_id

_ACCEPTS = (
    *("", "*/*", "application/json", "text/html", "text/plain", "image/png", "text/*", "*"),
    *("text/html;q=0.1, application/json", "application/json;q=0", "text/html;level=1", "x", "q=x"),
    *("application/json;charset=utf-8", "text/html, */*;q=0.1", "text/html;q=2", ",", "a/b;c"),
    *("application/*", "APPLICATION/JSON", "application/json, text/plain;q=0.9", "*/*;q=0"),
    "application/vnd.openstack.images-v2",
)
_KNOWN = f"/images/{image_id(0)}"
IMAGE_PATHS = (
    *("/images?lot=base&limit=2", _KNOWN, f"{_KNOWN}/file", f"{_KNOWN}/stage", f"{_KNOWN}/import"),
    *(f"{_KNOWN}/actions/deactivate", f"{_KNOWN}/actions/reactivate", f"{_KNOWN}/locations"),
    *(f"{_KNOWN}/members", f"{_KNOWN}/members/x", f"{_KNOWN}/tags/x", f"{_KNOWN}/tasks"),
    *("/info/import", "/info/stores", "/info/stores/detail", "/info/usage", "/tasks", "/tasks/x"),
    *(f"/stores/store/{ABSENT_IMAGE}", f"/stores/store/{image_id(0)}"),
    *(f"/schemas/{each}" for each in ("image", "images", "member", "members", "task", "tasks")),
)
NOT_OFFERED = (
    *(
        "/cache",
        f"/cache/{ABSENT_IMAGE}",
        "/cache/clean",
        "/cache/prune",
        f"/cache/nodes/{ABSENT_IMAGE}",
    ),
    *("/metadefs/namespaces", "/metadefs/namespaces/x", "/metadefs/namespaces/x/objects"),
    *("/metadefs/namespaces/x/objects/y", "/metadefs/namespaces/x/properties/y"),
    *("/metadefs/namespaces/x/tags", "/metadefs/namespaces/x/tags/y", "/metadefs/resource_types"),
    *("/metadefs/namespaces/x/resource_types", "/metadefs/namespaces/x/resource_types/y"),
    *("/schemas/metadefs/namespace", "/schemas/metadefs/tags"),
)
NOWHERE = (
    *("/nothing", "/images/x/y", f"{_KNOWN}/nothing", f"{_KNOWN}/file/x", "/schemas", "/info"),
    *("/stores", "/stores/store", f"{_KNOWN}/actions", f"{_KNOWN}/actions/x", f"{_KNOWN}/tags"),
    *("/metadefs", "/metadefs/x", "/schemas/metadefs", "/cached_images", "/queued_images", "//"),
    *("/images/", f"{_KNOWN}/", f"{_KNOWN}//file", "//images", "/./images", "/images/%2F"),
    *("/images/%30" + image_id(0)[1:], f"/imag%65s/{image_id(0)}", f"{_KNOWN}%2Ffile"),
    *("/images/%00", "/images/%FF", "/images/%20", "/images.json", f"{_KNOWN}.json", "/images/é"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")


def faults() -> Iterator[Scenario]:
    """Yield faults of both APIs in each format."""
    rows = []
    for accept in _ACCEPTS:
        headers = {"Accept": accept}
        rows += [
            [image_call("GET", f"/images/{ABSENT_IMAGE}", headers=headers)],
            [image_call("GET", "/images", user="none", headers=headers)],
            [image_call("PUT", "/images", headers=headers)],
            [identity_call("GET", "/users/nobody", headers=headers)],
        ]
    yield from numbered("accept", rows)


_HEADERS = (
    *({"Content-Length": "0"}, {"Accept-Language": "de"}, {"X-Openstack-Request-Id": "req-x"}),
    *({"X-Project-Id": "x"}, {"X-Roles": "admin"}, {"Host": "h.example"}, {"Range": "bytes=0-1"}),
)


def methods() -> Iterator[Scenario]:
    """Yield methods that paths of the Image API have, and others; paths that nobody has."""
    rows = [
        [image_call(method, path, None, user)]
        for path in (*IMAGE_PATHS, *NOT_OFFERED)
        for method, user in (
            ("GET", "owner"),
            ("PATCH", "none"),
            ("HEAD", "owner"),
            ("PURGE", "owner"),
        )
    ]
    rows += [
        [image_call(method, path, None, "reader")]
        for path in NOT_OFFERED
        for method in ("POST", "PUT", "DELETE")
    ]
    rows += [
        [image_call(method, path, None, user)]
        for path in NOWHERE
        for method, user in (("GET", "owner"), ("POST", "none"))
    ]
    rows += [[image_call("POST", f"/{kind}_images")] for kind in ("cached", "queued")]
    rows += [[image_call("OPTIONS", path)] for path in (*IMAGE_PATHS[:3], *NOWHERE[:3])]
    rows += [[image_call("GET", path, b"{}")] for path in IMAGE_PATHS]
    rows += [[image_call("GET", "/images?lot=base&limit=1", headers=each)] for each in _HEADERS]
    yield from numbered("method", rows)
