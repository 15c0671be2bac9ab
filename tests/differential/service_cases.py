"""Hand-written scenarios of the Image API: stores, usage, tasks, schemas and versions."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import Scenario, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, image_id

_CALLERS = ("owner", "reader", "admin", "none", "unscoped:owner", "system:admin")
_TASKS: tuple[Any, ...] = (
    *({}, [], b"", {"type": "import"}, {"type": "x", "input": {}}, {"type": "export", "input": {}}),
    {"type": "import", "input": {}},
    {"type": "import", "input": {"import_from": "x", "image_properties": {}}},
    {"type": "import", "input": {"import_from": "http://a.example", "import_from_format": "raw"}},
)
_TASK_QUERIES = (
    *("limit=0", "limit=x", "limit=-1", "marker=x", f"marker={ABSENT_IMAGE}", "sort_key=x"),
    *("sort_dir=x", "status=x", "type=x", "x=y", "status=success&type=import"),
)
_STORED_IMAGES = (ABSENT_IMAGE, "x", *map(image_id, (0, 2, 4, 5, 8, 10, 11)))
_SCHEMAS = ("image", "images", "member", "members", "task", "tasks", "nothing", "Image", "image/")


def services() -> Iterator[Scenario]:
    """Yield requests for stores, usage, tasks and schemas by several callers."""
    paths = ("/info/import", "/info/stores", "/info/stores/detail", "/info/usage", "/tasks")
    rows = [[image_call("GET", path, None, user)] for path in paths for user in _CALLERS]
    # Before there is a task, whose status depends on the time
    rows += [[image_call("GET", f"/tasks?{each}", None, "admin")] for each in _TASK_QUERIES]
    rows += [
        [image_call("POST", "/tasks", each, user)]
        for each in _TASKS
        for user in ("owner", "admin", "none")
    ]
    rows += [
        [image_call(method, f"/tasks/{task}", None, user)]
        for task in (ABSENT_IMAGE, "x")
        for method in ("GET", "DELETE", "PUT")
        for user in ("owner", "admin", "none")
    ]
    rows += [
        [image_call("DELETE", f"/stores/{store}/{image}", body, user)]
        for store, image, body in (
            *(("store", each, None) for each in _STORED_IMAGES),
            *((each, image_id(0), None) for each in ("nowhere", "STORE", "os_glance_tasks_store")),
            *(("store", image_id(0), each) for each in (b"{}", b"x")),
        )
        for user in _CALLERS
    ]
    rows += [
        [image_call("GET", f"/schemas/{each}", None, user)]
        for each in _SCHEMAS
        for user in ("owner", "none")
    ]
    yield from numbered("service", rows)


_VERSIONS = (
    "v2.0",
    "v2.9",
    "v2.13",
    "v2.14",
    "v2.16",
    "v2.17",
    "v2.18",
    "v1",
    "v3",
    "V2",
    "v2.",
    "v",
)
_ROOTS = ("", "/", "/versions", "/versions/", "/versions/x", "/v2", "/v2/", "/x")


def versions() -> Iterator[Scenario]:
    """Yield requests for numbered versions, and for the list of versions."""
    paths = ("", "/", "/images?lot=base&limit=1", "/nothing", "/versions")
    rows = [[image_call("GET", f"//{each}{path}")] for each in _VERSIONS for path in paths]
    rows += [
        [image_call(method, f"/{path or '/'}", None, user)]
        for path in _ROOTS
        for method in ("GET", "POST")
        for user in ("owner", "none")
    ]
    yield from numbered("version", rows)
