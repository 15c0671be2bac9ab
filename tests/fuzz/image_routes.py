"""The operations of the Image API v2, as rows for the fuzzer."""

import re
from collections.abc import Callable
from typing import Any

from glimpse.image_api import unsupported_routes
from tests.fuzz.cloud_state import CloudState
from tests.fuzz.compute_routes import KEYS
from tests.fuzz.json_bodies import Raw, odd_json
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs, random_parameters
from tests.fuzz.values import NUMBERS, date, number, text

PATCH_TYPES = (
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.0-json-patch",
)
_FORMATS = ("raw", "qcow2", "iso", "vmdk", "ami", None, "x", "")
_CONTAINERS = ("bare", "ovf", "ami", "docker", None, "x", "")
_VISIBILITIES = ("private", "shared", "community", "public", "all", "", None)
_READ_ONLY = (
    *("status", "size", "checksum", "created_at", "self", "file", "schema", "id", "locations"),
    *("os_hash_value", "direct_url", "stores", "virtual_size", "deleted", "owner_specified.x"),
)


def _attribute(rng: RandomSource, state: CloudState, name: str) -> Any:  # noqa: PLR0911  one for each kind
    """Return a value of an attribute, mostly of a valid type."""
    if rng.chance(0.12):
        return odd_json(rng)
    match name:
        case "id":
            return rng.uuid() if rng.chance(0.8) else state.image(rng)
        case "visibility":
            return rng.pick(_VISIBILITIES)
        case "protected" | "os_hidden":
            return rng.chance(0.3)
        case "min_ram" | "min_disk":
            return Raw(rng.pick(NUMBERS)) if rng.chance(0.3) else rng.randint(0, 64)
        case "disk_format":
            return rng.pick(_FORMATS)
        case "container_format":
            return rng.pick(_CONTAINERS)
        case "tags":
            return [text(rng, 0.3) for _ in range(rng.weighted({0: 2, 2: 6, 127: 0.2, 130: 0.3}))]
        case "owner":
            return rng.pick([*state.projects.values(), None])
    return text(rng, 0.3)


_NAMES = (
    *("name", "visibility", "protected", "os_hidden", "min_ram", "min_disk", "tags", "owner", "id"),
    *("disk_format", "container_format", *KEYS),
)


def new_image(rng: RandomSource, state: CloudState, _: Parts) -> Any:
    """Return a body that creates an image, mostly one to which data can be uploaded."""
    document: dict[str, Any] = {"name": text(rng, 0.2)}
    if rng.chance(0.7):
        document |= {"disk_format": "raw", "container_format": "bare"}
    for name in rng.some(_NAMES, 4):
        document[name] = _attribute(rng, state, name)
    if rng.chance(0.3):
        document["id"] = rng.uuid()
    if rng.chance(0.05):
        document |= {f"k{n}": "v" for n in range(rng.pick((120, 128, 129, 400)))}
    if rng.chance(0.05):
        document[rng.pick(_READ_ONLY)] = odd_json(rng)
    if rng.chance(0.01):
        document["large"] = "x" * rng.pick((70_000, 300_000, 1_000_000))
    return document


def patch(rng: RandomSource, state: CloudState, _: Parts) -> Any:
    """Return a JSON patch, in one of its two media types."""
    make = _operation if rng.chance(0.8) else _old_operation
    return [make(rng, state) for _ in range(rng.weighted({0: 1, 1: 12, 3: 6, 40: 0.3}))]


def _operation(rng: RandomSource, state: CloudState) -> Any:
    name = rng.pick(_NAMES if rng.chance(0.9) else _READ_ONLY)
    operation = {
        "op": rng.weighted(
            {"add": 6, "replace": 8, "remove": 3, "test": 0.3, "move": 0.3, "copy": 0.3, "": 0.2}
        ),
        "path": pointer(rng, name),
        "value": _attribute(rng, state, name),
    }
    if rng.chance(0.05):
        operation["from"] = pointer(rng, name)
    return operation


def _old_operation(rng: RandomSource, state: CloudState) -> Any:
    name = rng.pick(_NAMES)
    verb = rng.pick(("add", "replace", "remove", "test"))
    return {verb: pointer(rng, name), "value": _attribute(rng, state, name)}


def pointer(rng: RandomSource, name: str) -> Any:
    """Return a JSON pointer to `name`, or a pointer that looks like one."""
    if rng.chance(0.75):
        return f"/{name}"
    return rng.pick(
        (
            *(name, f"/{name}/", f"//{name}", f"/ {name}", f"/{name} ", f"/{name}/0", f"/{name}/-"),
            *(f"/~0{name}", f"/~1{name}", f"/~{name}", "/", "", "/~", "/tags/-", "/tags/0", "/\0"),
            *(f"/{name}\0", f"/{name}\ud800", f"#/{name}", f"/{name.upper()}", f"/\u200b{name}"),
            *("/locations/-", "/locations", "/os_glance_a", " /os_glance_a", "/ os_glance_a", None),
            *(f"/{name}~1..~1id", "/i\u0064", "/id ", " /id", "/properties/a", "/x" * 300, 1, []),
            *(
                "/\u2028",
                "/owner/",
                "/~01",
                "/" + "x" * 300,
                "/__class__",
                ["/", name],
                {"a": name},
            ),
        )
    )


def list_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to six parameters of the list of images, each valid or odd."""
    return random_parameters(rng, state, _PARAMETERS, 6)


_SORTS = (
    "name",
    "name:asc",
    "size:desc,id:asc",
    "x",
    ":",
    "id:up",
    "created_at",
    "",
    ",",
    "min_ram",
)
_PARAMETERS: dict[str, Callable[[RandomSource, CloudState], str]] = {
    "limit": lambda rng, _: number(rng),
    "marker": lambda rng, state: state.image(rng) if rng.chance(0.8) else text(rng, 0.9),
    "sort": lambda rng, _: rng.pick(_SORTS),
    "sort_key": lambda rng, _: rng.pick(_SORTS),
    "sort_dir": lambda rng, _: rng.pick(("asc", "desc", "", "up", "ASC")),
    "name": lambda rng, _: text(rng, 0.5),
    "status": lambda rng, _: rng.pick(("active", "queued", "in:active,queued", "killed", "")),
    "id": lambda rng, state: f"{rng.pick(('', 'in:', 'eq:', 'x:'))}{state.image(rng)}",
    "visibility": lambda rng, _: str(rng.pick(_VISIBILITIES)),
    "owner": lambda rng, state: rng.pick([*state.projects.values(), ""]),
    "member_status": lambda rng, _: rng.pick(("accepted", "pending", "all", "x", "")),
    "os_hidden": lambda rng, _: rng.pick(("true", "FALSE", "1", "")),
    "protected": lambda rng, _: rng.pick(("true", "False", "1", "")),
    "min_ram": lambda rng, _: number(rng),
    "min_disk": lambda rng, _: number(rng),
    "size": lambda rng, _: number(rng),
    "size_min": lambda rng, _: number(rng),
    "size_max": lambda rng, _: number(rng),
    "virtual_size": lambda rng, _: number(rng),
    "created_at": lambda rng, _: date(rng),
    "updated_at": lambda rng, _: date(rng),
    "changes-since": lambda rng, _: date(rng),
    "disk_format": lambda rng, _: f"{rng.pick(('', 'in:'))}{rng.pick(_FORMATS)},raw",
    "container_format": lambda rng, _: str(rng.pick(_CONTAINERS)),
    "tag": lambda rng, _: text(rng, 0.5),
    "checksum": lambda rng, _: text(rng, 0.5),
    "os_hash_value": lambda rng, _: text(rng, 0.5),
    "key1": lambda rng, _: text(rng, 0.5),
    "deleted": lambda rng, _: rng.pick(("true", "")),
    "page_size": lambda rng, _: number(rng),
}


def data(rng: RandomSource) -> bytes:
    """Return image data: none, random bytes, or the signature of a known format with some."""
    kind = rng.pick((b"", b"QFI\xfb\0\0\0\3", b"KDMV", b"conectix", b"\0" * 512, b"<<< "))
    return kind + rng.randbytes(
        rng.weighted({0: 3, 1: 2, 100: 6, 4096: 3, 65_536: 1, 300_000: 0.2})
    )


def _member(rng: RandomSource, state: CloudState, _: Parts) -> Any:
    """Return a body that adds a member or a location, or changes a status; mostly a valid one."""
    project = rng.pick(list(state.projects.values())) if rng.chance(0.7) else text(rng, 0.5)
    statuses = ("accepted", "pending", "rejected", "accepted ", "", None)
    document = {"member": project, "status": rng.pick(statuses), "url": "http://x"}
    if rng.chance(0.1):
        document[rng.pick(("member", "status"))] = odd_json(rng)
    return document


_URLS = (
    *("http://127.0.0.1/", "http://0x7f000001/", "http://[::ffff:127.0.0.1]/", "http://u:p@[::1]/"),
    *("http://127.1:65536/", "https://\u24d0.invalid/\0", "//x", "ftp://x", "http://[", "", None),
    *("http://10.0.0.1/?token=x", "http://" + "a." * 300, "http://x/" + "y" * 9000),
)


def import_request(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return the body of a request for an import, mostly of staged data."""
    name = rng.weighted({"glance-direct": 6, "web-download": 4, "copy-image": 0.5, "x": 0.3})
    document: dict[str, Any] = {"method": {"name": name}}
    if name == "web-download" or rng.chance(0.1):
        document["method"]["uri"] = rng.pick(_URLS) if rng.chance(0.8) else odd_json(rng)
    if rng.chance(0.3):
        document["stores"] = [rng.pick(("store", "x", ""))] if rng.chance(0.6) else odd_json(rng)
    for key in rng.some(("all_stores", "all_stores_must_succeed", "method", "extra"), 1):
        if rng.chance(0.2):
            document[key] = True if rng.chance(0.5) else odd_json(rng)
    return document


def new_task(rng: RandomSource, state: CloudState, parts: Parts) -> Any:
    """Return the body of a request for a task."""
    given: dict[str, Any] = {
        "import_from": rng.pick(_URLS),
        "import_from_format": "raw",
        "image_properties": new_image(rng, state, parts),
    }
    kind = rng.weighted({"import": 6, "api_image_import": 1, "location_import": 1, "x": 0.5})
    document: dict[str, Any] = {"type": kind, "input": given if rng.chance(0.8) else odd_json(rng)}
    if rng.chance(0.2):
        document[rng.pick(("status", "owner", "x", "type", "input"))] = odd_json(rng)
    return document


def task_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to four parameters of the list of tasks, each valid or odd."""
    return random_parameters(rng, state, _TASK_PARAMETERS, 4)


_TASK_PARAMETERS: dict[str, Callable[[RandomSource, CloudState], str]] = {
    "limit": lambda rng, _: number(rng),
    "marker": lambda rng, _: rng.uuid() if rng.chance(0.5) else text(rng, 0.9),
    "sort_key": lambda rng, _: rng.pick(("status", "id", "owner", "input", "x", "")),
    "sort_dir": lambda rng, _: rng.pick(("asc", "desc", "x", "")),
    "status": lambda rng, _: rng.pick(("success", "pending", "x", "")),
    "type": lambda rng, _: rng.pick(("import", "api_image_import", "")),
    "owner": lambda rng, state: rng.pick([*state.projects.values(), ""]),
    "image_id": lambda rng, state: state.image(rng) if rng.chance(0.8) else text(rng, 0.9),
}


_IMAGE = "/image/v2/images/{image}"
_MEMBERS = f"{_IMAGE}/members"
ROUTES = (
    Route("image", "GET", "/image/v2/images", 12, list_query),
    Route("image", "POST", "/image/v2/images", 8, None, new_image),
    Route("image", "GET", _IMAGE, 6),
    Route("image", "PATCH", _IMAGE, 14, None, patch, PATCH_TYPES),
    Route("image", "DELETE", _IMAGE, 2),
    Route("image", "GET", f"{_IMAGE}/file", 5),
    Route("image", "PUT", f"{_IMAGE}/file", 6, None, None, ("application/octet-stream",), data),
    Route("image", "POST", f"{_IMAGE}/actions/deactivate", 1),
    Route("image", "POST", f"{_IMAGE}/actions/reactivate", 1.5),
    Route("image", "POST", f"{_IMAGE}/actions/{{key}}", 0.3),
    Route("image", "GET", "/image/v2/schemas/image", 0.5),
    Route("image", "GET", "/image/v2/schemas/images", 0.5),
    Route("image", "GET", "/image/v2/schemas/{key}", 0.3),
    *(Route("image", "GET", f"/image/v2/info/stores{detail}", 0.3) for detail in ("", "/detail")),
    *(Route("image", "DELETE", f"/image/v2/stores/{s}/{{image}}", 0.2) for s in ("store", "{key}")),
    *(Route("image", "GET", path, 0.5) for path in (f"{_IMAGE}/locations", "/image/v2/info/usage")),
    Route("image", "POST", f"{_IMAGE}/locations", 1, None, _member),
    Route("image", "GET", _MEMBERS, 1.5),
    Route("image", "POST", _MEMBERS, 3, None, _member),
    Route("image", "GET", f"{_MEMBERS}/{{project}}", 1),
    Route("image", "PUT", f"{_MEMBERS}/{{project}}", 3, None, _member),
    Route("image", "DELETE", f"{_MEMBERS}/{{project}}", 1),
    Route("image", "PUT", f"{_IMAGE}/tags/{{key}}", 0.5),
    Route("image", "DELETE", f"{_IMAGE}/tags/{{key}}", 0.5),
    Route("image", "PUT", f"{_IMAGE}/stage", 3, None, None, ("application/octet-stream",), data),
    Route("image", "POST", f"{_IMAGE}/import", 4, None, import_request),
    Route("image", "GET", f"{_IMAGE}/tasks", 1),
    Route("image", "GET", "/image/v2/info/import", 0.3),
    Route("image", "GET", "/image/v2/tasks", 1, task_query),
    Route("image", "POST", "/image/v2/tasks", 1, None, new_task),
    Route("image", "GET", "/image/v2/tasks/{image}", 0.5),
    Route("image", "DELETE", "/image/v2/tasks/{image}", 0.3),
    *(
        Route("image", "GET", f"/image/v2/schemas/{kind}", 0.3)
        for kind in ("member", "members", "task", "tasks")
    ),
    Route("image", "GET", "/image/v2/{key}", 0.5, list_query),
    Route("image", "GET", "/image", 0.4),
    Route("image", "GET", "/image/", 0.4),
    Route("image", "GET", "/image/v2/", 0.4),
    Route("image", "GET", "/image/versions", 0.4),
    Route("image", "GET", "/image/v2/v2/images/{image}", 0.4),
    Route("image", "GET", "/image/v1/images", 0.3),
    *(
        Route("image", method, re.sub(r"\{\w+\}", "{key}", f"/image{path}"), 0.02)
        for path, methods in unsupported_routes.ROUTES
        for method in methods
    ),
)
