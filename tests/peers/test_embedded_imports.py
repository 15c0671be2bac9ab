"""The embedded Image API stages and imports data, and shows tasks, as a real Glance does.

docs/differences.md has the differences by design.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.peers.conftest import ADMIN, OWNER
from tests.peers.service_pair import ServicePair, comparable, document_shape
from tests.support import disk_images
from tests.support.scripted_server import ScriptedServer

pytestmark = pytest.mark.peers
DATA = {"Content-Type": "application/octet-stream"}
DIRECT = {"method": {"name": "glance-direct"}}
WEB = {"name": "web-download", "uri": "http://127.0.0.1/"}
FORMATS = {"disk_format": "raw", "container_format": "bare"}
QCOW2 = disk_images.qcow2(5 * 2**30)
_SECONDS = 15.0  # far more than an import takes
_ATTEMPTS = 3


def response(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return a response of a server to download from."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


PATHS = {
    "/data": response(200, b"hello"),
    "/qcow2": response(200, QCOW2),
    "/empty": response(200),
    "/missing": response(404, b"no"),
    "/redirect": response(302, b"", "Location: /data"),
    "/loop": response(302, b"", "Location: /loop"),
    "/refused": response(302, b"", "Location: http://169.254.169.254/"),
    "/ftp": response(302, b"", "Location: ftp://127.0.0.1/"),
    "/cut": response(200, b"hello").replace(b": 5", b": 50"),
}


@pytest.fixture(scope="module")
def source() -> Iterator[str]:
    """The URL of a server to download from."""

    def respond(head: str) -> Iterable[bytes]:
        return (PATHS[head.split()[1]],)

    with ScriptedServer(respond) as server:
        yield server.base_url


def start(services: ServicePair, image_id: str, document: Any, **more: Any) -> None:
    """Request an import; fail unless both respond alike."""
    services.image("POST", f"/v2/images/{image_id}/import", document, **more).assert_alike()


def imported(
    services: ServicePair, document: Any, data: bytes | None = None, **attributes: Any
) -> str:
    """Import an image, and fail unless it and its task are alike in the end; return its id.

    `data` is staged before. A task of a Glance on SQLite is lost at times, because its database is
    locked: then another image is imported.
    """
    for _ in range(_ATTEMPTS):
        image_id = services.create(**{**FORMATS, **attributes})
        if data is not None:
            services.image("PUT", f"/v2/images/{image_id}/stage", data, DATA).assert_alike()
        start(services, image_id, document)
        if _has_ended(services, image_id):
            break
    services.image("GET", f"/v2/images/{image_id}").assert_alike()
    tasks = services.image("GET", f"/v2/images/{image_id}/tasks")
    real, embedded = (each.json()["tasks"] for each in tasks)
    assert comparable(_without_messages(embedded)) == comparable(_without_messages(real))
    return image_id


def _has_ended(services: ServicePair, image_id: str) -> bool:
    """Wait until the imports of an image have ended; return False if Glance has lost its task.

    Glance leaves an image whose staged data it could not import in status importing.
    """
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        tasks = services.image("GET", f"/v2/images/{image_id}/tasks")
        images = services.image("GET", f"/v2/images/{image_id}")
        if all(map(_is_finished, tasks)) and not any(map(_is_claimed, images)):
            return bool(images.real.json()["status"] != "importing")
        time.sleep(0.1)
    return False


def _is_finished(found: Any) -> bool:
    return all(task["status"] in ("success", "failure") for task in found.json()["tasks"])


def _is_claimed(found: Any) -> bool:
    return "os_glance_import_task" in found.json()


def _without_messages(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tasks without what has to differ: messages, and the ids of users."""
    return [{**task, "message": "", "user_id": ""} for task in tasks]


@pytest.mark.parametrize(
    ("disk_format", "data"), [("raw", b"hello"), ("raw", b""), ("qcow2", QCOW2)]
)
def test_staged_data_is_imported_alike(
    services: ServicePair, disk_format: str, data: bytes
) -> None:
    image_id = imported(services, DIRECT, data, disk_format=disk_format)
    path = f"/v2/images/{image_id}"
    services.image("GET", f"{path}/file").assert_alike()
    start(services, image_id, DIRECT)
    services.image("PUT", f"{path}/stage", data, DATA).assert_alike()


def test_an_image_with_staged_data_is_alike(services: ServicePair) -> None:
    image_id = services.create(**FORMATS)
    path = f"/v2/images/{image_id}"
    services.image("PUT", f"{path}/stage", b"data", DATA).assert_alike()
    services.image("GET", path).assert_alike()
    services.image("GET", f"{path}/file").assert_alike()
    services.image("PUT", f"{path}/stage", b"data", DATA).assert_alike()
    services.image("PUT", f"{path}/file", b"data", DATA).assert_alike()
    start(services, image_id, {"method": WEB})
    services.image("DELETE", path).assert_alike()
    services.image("PUT", f"{path}/stage", b"data", DATA).assert_alike()


@pytest.mark.parametrize("path", PATHS)
def test_data_at_a_url_is_imported_alike(services: ServicePair, source: str, path: str) -> None:
    web = {"method": {"name": "web-download", "uri": f"{source}{path}"}}
    image_id = imported(services, web, disk_format="qcow2" if "qcow2" in path else "raw")
    start(services, image_id, DIRECT)


def test_data_of_another_format_is_refused_alike(services: ServicePair, source: str) -> None:
    for disk_format, path in (("qcow2", "/data"), ("vmdk", "/qcow2")):
        web = {"method": {"name": "web-download", "uri": f"{source}{path}"}}
        imported(services, web, disk_format=disk_format)


@pytest.mark.parametrize("size", ["3", "4", "5", "0", "-1", "x", ""])
def test_the_declared_size_of_staged_data_is_checked_alike(
    services: ServicePair, size: str
) -> None:
    image_id = services.create(**FORMATS)
    headers = {**DATA, "X-OpenStack-Image-Size": size}
    services.image("PUT", f"/v2/images/{image_id}/stage", b"data", headers).assert_alike()
    services.image("GET", f"/v2/images/{image_id}").assert_alike()


BODIES: list[Any] = [
    *(b"", b"{", None, "x", 1, {}),
    *({"method": method} for method in ({}, {"name": None}, {"name": 1}, {"name": "x"})),
    {"method": {"name": "glance-download"}},
    {"method": {"name": "web-download"}},
    *({"method": {**WEB, "uri": uri}} for uri in (None, "", "x", "ftp://x/", "file:///etc/passwd")),
    *(
        {"method": {**WEB, "uri": f"http://{host}/"}}
        for host in ("169.254.169.254", "0x7f000001", "2130706433", "127.1", "[::1]", "a.invalid")
    ),
    {**DIRECT, "all_stores": 1},
    {**DIRECT, "all_stores_must_succeed": "true"},
    DIRECT,
    {"method": WEB, "stores": ["x"]},
    {"method": WEB, "stores": ["store", "x"]},
    {"method": WEB, "stores": [1]},
    {"method": WEB, "stores": ["store"], "all_stores": True},
]


@pytest.mark.parametrize("document", BODIES, ids=lambda each: ascii(each)[:60])
def test_a_request_for_an_import_is_refused_alike(services: ServicePair, document: Any) -> None:
    image_id = services.create(**FORMATS)
    start(services, image_id, document)
    start(services, str(uuid.uuid4()), document)
    services.image("GET", f"/v2/images/{image_id}").assert_alike()


def test_the_store_in_a_header_is_checked_alike(services: ServicePair) -> None:
    for stores, header in (
        ({}, "x"),
        ({"stores": ["store"]}, "store"),
        ({"all_stores": True}, "x"),
    ):
        image_id = services.create(**FORMATS)
        start(services, image_id, {"method": WEB, **stores}, headers={"X-Image-Meta-Store": header})


@pytest.mark.parametrize("missing", ["disk_format", "container_format"])
def test_an_import_without_formats_is_refused_alike(services: ServicePair, missing: str) -> None:
    image_id = services.create(**{**FORMATS, missing: None})
    services.image("PUT", f"/v2/images/{image_id}/stage", b"x", DATA).assert_alike()
    start(services, image_id, DIRECT)
    services.image("DELETE", f"/v2/images/{image_id}").assert_alike()
    services.image("GET", f"/v2/images/{image_id}/tasks").assert_alike()


def test_other_projects_are_refused_alike(services: ServicePair) -> None:
    for visibility in ("private", "community"):
        image_id = services.create(**FORMATS, visibility=visibility)
        path = f"/v2/images/{image_id}"
        services.image("PUT", f"{path}/stage", b"x", DATA, user="collector").assert_alike()
        for document in (DIRECT, {"method": WEB}):
            start(services, image_id, document, user="collector")
        services.image("GET", f"{path}/tasks", user="collector").assert_alike()


@pytest.mark.parametrize("user", [OWNER.name, ADMIN.name])
def test_tasks_are_shown_alike(services: ServicePair, user: str) -> None:
    image_id = imported(services, DIRECT, b"x")
    for query in (
        *("limit=1", "limit=0", "limit=-1", "limit=x", "marker=x", f"marker={uuid.uuid4()}"),
        *("status=x", "status=", "type=x", "sort_key=x", "sort_key=status&limit=1", "sort_dir=x"),
        *(f"image_id={image_id}", "owner=x", "x=y&limit=1", "limit=1&limit=2"),
    ):
        pair = services.image("GET", f"/v2/tasks?{query}", user=user)
        assert pair.embedded.status == pair.real.status, pair
        if pair.real.status == 200:
            assert document_shape(pair.embedded.json()) == document_shape(pair.real.json()), pair
    for path in ("/v2/tasks/x", f"/v2/tasks/{uuid.uuid4()}"):
        for method in ("GET", "DELETE"):
            services.image(method, path, user=user).assert_alike()
    services.image("GET", "/v2/info/import", user=user).assert_alike()
    for name in ("task", "tasks"):
        pair = services.image("GET", f"/v2/schemas/{name}", user=user)
        assert document_shape(pair.embedded.json()) == document_shape(pair.real.json()), pair


def test_a_task_is_created_alike(services: ServicePair, source: str) -> None:
    given = {"import_from": f"{source}/data", "import_from_format": "raw"}
    properties = {"name": "by task", **FORMATS}
    documents: list[Any] = [
        *({}, [], "x", None, {"type": "import"}, {"type": "x", "input": {}}),
        {"type": "import", "input": None},
        {"type": "import", "input": {}},
        {"type": "import", "input": "x"},
        {"type": "import", "input": {"import_from": "ftp://x"}},
        {"type": "import", "input": {"import_from": "http://169.254.169.254/"}},
        {"type": "import", "input": given, "x": 1},
        {"type": "import", "input": given, "owner": 1},
        {"type": "api_image_import", "input": {}},
        {"type": "import", "input": given},
        {"type": "import", "input": {**given, "image_properties": {"name": "x"}}},
        {"type": "import", "input": {**given, "image_properties": properties}},
    ]
    for document in documents:
        for _ in range(_ATTEMPTS):
            pair = services.image("POST", "/v2/tasks", document, user=ADMIN.name)
            assert pair.embedded.status == pair.real.status, (document, pair)
            if pair.real.status != 201:
                break
            real, embedded = (_ended(services, at, each) for at, each in enumerate(pair))
            if real["status"] == embedded["status"]:
                assert document_shape(embedded) == document_shape(real)
                break
        else:
            pytest.fail(f"{document}: {embedded}, {real}")


def _ended(services: ServicePair, position: int, created: Any) -> dict[str, Any]:
    """Return the document of a task after its end, in the real service (0) or the other (1)."""
    deadline = time.monotonic() + _SECONDS
    while True:
        pair = services.image("GET", created.json()["self"], user=ADMIN.name)
        task: dict[str, Any] = pair[position].json()
        if task["status"] in ("success", "failure") or time.monotonic() > deadline:
            return task
        time.sleep(0.1)
