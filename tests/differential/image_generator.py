"""Generate Image API scenarios: valid and nearly valid requests, by several callers.

Texts are lower case, because SQLite, the database of the real Glance here, compares text with
regard to case (docs/differences.md).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.differential.api_request import ApiRequest, image_call
from tests.differential.base_images import ABSENT_IMAGE, ADMINS, CREW, OTHERS, image_id
from tests.differential.http_cases import IMAGE_PATHS, METHODS, NOT_OFFERED, NOWHERE
from tests.differential.image_requests import DATA, IMAGE, OLD_PATCH, PATCH
from tests.fuzz.random_source import RandomSource

_CALLERS = {"owner": 10, "other": 3, "reader": 3, "admin": 3, "none": 0.7, "invalid": 0.3}
_ATTRIBUTES: dict[str, tuple[Any, ...]] = {
    "name": ("a name", "", None, "é", "x" * 255, "x" * 256, 1, [], " spaced "),
    "visibility": ("private", "shared", "community", "public", "", None, 1),
    "protected": (True, False, "true", 1, None),
    "os_hidden": (True, False, "false", 0, None),
    "min_ram": (0, 1, 64, -1, 2**31 - 1, 2**31, "1", None, True),
    "min_disk": (0, 7, -1, 2**31, "x", None),
    "tags": (["a"], [], ["a", "b"], ["a", "a"], ["x" * 256], "a", [1], None, ["é", ""]),
    "disk_format": ("raw", "qcow2", "ami", "iso", None, "x", "", 1),
    "container_format": ("bare", "ovf", "ami", None, "x", "", 1),
    "owner": (CREW, OTHERS, None, "x", "", 1),
    "os_distro": ("debian", "", "x" * 300, 1, None, {}, True),
    "hw.disk:bus": ("virtio", None, 2),
    "a/b~c": ("x", []),
    "status": ("queued", "active", "x", 1),
    "size": (1, None, "x"),
    "checksum": ("x", None, 1, "x" * 33),
    "created_at": ("2024-01-01T00:00:00Z", 1),
    "file": ("x", 1),
    "location": ("x", None),
    "deleted": (True, "x"),
    "os_glance_x": ("x", 1),
}
_COMMON = ("name", "visibility", "min_ram", "tags", "disk_format", "os_distro", "protected")


def _caller(rng: RandomSource) -> str:
    return rng.weighted(_CALLERS)


def _attribute(rng: RandomSource) -> tuple[str, Any]:
    """Return an attribute or property with a value, which is valid in most cases."""
    key = rng.pick(_COMMON) if rng.chance(0.6) else rng.pick([*_ATTRIBUTES])
    values = _ATTRIBUTES[key]
    return key, values[0] if rng.chance(0.45) else rng.pick(values)


def _new_image(rng: RandomSource) -> ApiRequest:
    """Return a request that creates an image that the scenario then uses."""
    more: dict[str, Any] = {"a": "b"} if rng.chance(0.5) else {}
    more |= {"visibility": "community"} if rng.chance(0.2) else {}
    more |= {"protected": True} if rng.chance(0.1) else {}
    more |= {"tags": ["t", "u"]} if rng.chance(0.3) else {}
    formats = {"disk_format": "raw", "container_format": "bare"} if rng.chance(0.85) else {}
    return image_call("POST", "/images", {**formats, **more}, saves={"image": "id"})


def _upload(rng: RandomSource) -> ApiRequest:
    headers = {"Content-Type": DATA if rng.chance(0.9) else rng.pick(("text/plain", ""))}
    if rng.chance(0.15):
        headers["X-Image-Meta-Store"] = rng.pick(("store", "x", ""))
    if rng.chance(0.15):
        headers["X-OpenStack-Image-Size"] = rng.pick(("4", "5", "x", "-1", "0", ""))
    user = "owner" if rng.chance(0.7) else _caller(rng)
    data = rng.pick((b"data", b"data", b"data", b""))
    return image_call("PUT", f"{IMAGE}/file", data, user, headers)


def _download(rng: RandomSource) -> ApiRequest:
    headers = {}
    if rng.chance(0.5):
        first, last = rng.randint(0, 6), rng.randint(0, 6)
        ranges = (f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last + 1}", "bytes=x")
        headers["Range"] = rng.pick(ranges)
    return image_call("GET", f"{IMAGE}/file", None, _caller(rng), headers)


def _patch(rng: RandomSource) -> ApiRequest:
    old = rng.chance(0.3)
    changes = [_change(rng, old=old) for _ in range(rng.weighted({1: 6, 2: 3, 3: 1, 0: 0.5}))]
    kind = OLD_PATCH if old else PATCH
    if rng.chance(0.05):
        kind = rng.pick(("application/json", "", "text/plain"))
    user = "owner" if rng.chance(0.75) else _caller(rng)
    return image_call("PATCH", IMAGE, changes, user, {"Content-Type": kind})


def _change(rng: RandomSource, *, old: bool) -> Any:
    key, value = _attribute(rng)
    operation = rng.weighted({"add": 4, "replace": 6, "remove": 3, "test": 0.2, "copy": 0.2})
    if rng.chance(0.25):
        key = rng.pick(("a", "missing", "tags/0", "locations", "stores", "id", "x/y", "", " a "))
    pointer = "/" + key.replace("~", "~0").replace("/", "~1" if "~" in key else "/")
    if rng.chance(0.04):
        pointer = rng.pick(
            (key, f"/{key}/", f"/{key}~", f"/{key}~2", "/locations/-", "/locations/0")
        )
    change: dict[str, Any] = {operation: pointer} if old else {"op": operation, "path": pointer}
    if operation != "remove" and rng.chance(0.95):
        change["value"] = value
    return change


def _member(rng: RandomSource) -> ApiRequest:
    project = rng.weighted({OTHERS: 6, ADMINS: 1, CREW: 1, "x": 0.5})
    path = f"{IMAGE}/members"
    match rng.weighted({"POST": 4, "GET": 2, "GET one": 2, "PUT": 4, "DELETE": 1.5}):
        case "POST":
            body = {"member": project} if rng.chance(0.9) else rng.pick(({}, [], {"member": 1}))
            return image_call("POST", path, body, "owner" if rng.chance(0.8) else _caller(rng))
        case "PUT":
            status = rng.pick(("accepted", "rejected", "pending", "x", None))
            user = "other" if rng.chance(0.7) else _caller(rng)
            return image_call("PUT", f"{path}/{project}", {"status": status}, user)
        case "GET":
            return image_call("GET", path, None, _caller(rng))
        case other:
            method = other.partition(" ")[0]
            return image_call(method, f"{path}/{project}", None, _caller(rng))


def _tag(rng: RandomSource) -> ApiRequest:
    tag = rng.pick(("t", "u", "new", "%C3%A9", "a%20b", "x" * 255, "x" * 256))
    user = "owner" if rng.chance(0.7) else _caller(rng)
    return image_call(rng.pick(("PUT", "DELETE")), f"{IMAGE}/tags/{tag}", None, user)


def _action(rng: RandomSource) -> ApiRequest:
    path = rng.pick(("/actions/deactivate", "/actions/reactivate"))
    return image_call("POST", IMAGE + path, None, "admin" if rng.chance(0.5) else _caller(rng))


def _show(rng: RandomSource) -> ApiRequest:
    return image_call("GET", IMAGE, None, _caller(rng))


def _delete(rng: RandomSource) -> ApiRequest:
    return image_call("DELETE", IMAGE, None, "owner" if rng.chance(0.5) else _caller(rng))


def _locations(rng: RandomSource) -> ApiRequest:
    return image_call("GET", f"{IMAGE}/locations", None, _caller(rng))


def _tasks(rng: RandomSource) -> ApiRequest:
    return image_call("GET", f"{IMAGE}/tasks", None, _caller(rng))


_STEPS: dict[Callable[[RandomSource], ApiRequest], float] = {
    _patch: 6,
    _upload: 4,
    _download: 2,
    _member: 4,
    _tag: 2,
    _action: 2,
    _show: 2,
    _delete: 1,
    _locations: 0.3,
    _tasks: 0.3,
}


def life_of_an_image(rng: RandomSource) -> list[ApiRequest]:
    """Create an image and do several things with it, then read it."""
    steps = [rng.weighted(_STEPS)(rng) for _ in range(rng.randint(3, 8))]
    return [_new_image(rng), *steps, image_call("GET", IMAGE)]


def new_document(rng: RandomSource) -> list[ApiRequest]:
    """Create an image with random attributes, and read it."""
    document = dict(_attribute(rng) for _ in range(rng.randint(1, 5)))
    user = "owner" if rng.chance(0.8) else _caller(rng)
    return [
        image_call("POST", "/images", document, user, saves={"image": "id"}),
        image_call("GET", IMAGE, None, user),
    ]


_PARAMETERS: dict[str, tuple[str, ...]] = {
    "limit": ("1", "3", "20", "0", "-1", "x"),
    "marker": (*(image_id(number) for number in (0, 3, 5, 8, 11)), ABSENT_IMAGE, "x"),
    "sort": ("name", "name:asc", "size:desc,id:asc", "status:asc", "x", "id:x", "created_at:asc"),
    "sort_key": ("name", "size", "id", "x", "created_at"),
    "sort_dir": ("asc", "desc", "x"),
    "name": ("alpha", "in:alpha,beta", "neq:beta", "nothing", 'in:"c,d"', "eq:beta"),
    "status": ("active", "in:active,queued", "deactivated", "x"),
    "visibility": ("public", "private", "community", "shared", "all", "x"),
    "owner": (CREW, OTHERS, ADMINS, "x"),
    "member_status": ("accepted", "pending", "rejected", "all", "x"),
    "os_hidden": ("true", "false", "x"),
    "protected": ("true", "false", "x"),
    "min_ram": ("0", "1", "64"),
    "size_min": ("3", "7", "-1", "x"),
    "size_max": ("7", "5000", "1.5"),
    "tag": ("t", "u", "x"),
    "disk_format": ("raw", "qcow2", "in:raw,qcow2", "x"),
    "container_format": ("bare", "ovf", "x"),
    "created_at": ("gt:2024-02-05T00:00:00Z", "lte:2024-02-05", "neq:2024-02-04T10:20:30Z", "x"),
    "updated_at": ("gte:2024-03-20T00:00:00Z", "lt:2024-03-20", "x:2024-03-20"),
    "color": ("blue", "x", ""),
    "nothing": ("x",),
}


def list_of_images(rng: RandomSource) -> list[ApiRequest]:
    """List base images with several parameters."""
    names = rng.some([*_PARAMETERS], 4)
    pairs = [("lot", "base"), *((name, rng.pick(_PARAMETERS[name])) for name in names)]
    return [image_call("GET", f"/images?{urlencode(pairs)}", None, _caller(rng))]


def any_request(rng: RandomSource) -> list[ApiRequest]:
    """Send some method to some path, with an Accept header."""
    paths = rng.weighted({IMAGE_PATHS: 6, NOT_OFFERED: 1, NOWHERE[:-1]: 1})
    accept = rng.pick(("application/json", "text/html", "*/*", "text/plain", "x", ""))
    method = rng.pick(("GET", "GET", *METHODS))
    user = rng.pick(("owner", "reader", "none", "invalid"))
    if method in ("PUT", "POST", "PATCH", "DELETE") and user == "owner":
        user = "reader"  # who changes nothing
    return [image_call(method, rng.pick(paths), None, user, {"Accept": accept})]


IMAGE_SCENARIOS: dict[Callable[[RandomSource], list[ApiRequest]], float] = {
    life_of_an_image: 3,
    new_document: 4,
    list_of_images: 6,
    any_request: 3,
}
