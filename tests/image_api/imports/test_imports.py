"""Data is staged and imported, or downloaded from a URL; images and tasks show progress."""

import hashlib
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.image_api.conftest import MEBIBYTE
from tests.image_api.imports.import_api import DIRECT, HELLO, OCTETS, ImportApi
from tests.support import disk_images
from tests.support.process import wait_until
from tests.support.scripted_server import ScriptedServer


def test_the_enabled_methods_are_shown(import_api: ImportApi) -> None:
    shown = import_api("GET", "/v2/info/import").json()["import-methods"]
    assert shown["value"] == ["glance-direct", "web-download"]
    response = import_api("POST", "/v2/images", {})
    assert response.header("OpenStack-image-import-methods") == "glance-direct,web-download"


def test_staged_data_is_imported(import_api: ImportApi) -> None:
    data = disk_images.qcow2(5 * 2**30)
    image_id = import_api.new(disk_format="qcow2")
    assert import_api.stage(image_id, data).status == 204
    shown = import_api.show(image_id)
    assert (shown["status"], shown["size"], shown["checksum"]) == ("uploading", len(data), None)
    assert import_api("GET", f"/v2/images/{image_id}/file").status == 204
    response = import_api.start(image_id, DIRECT)
    assert (response.status, response.body) == (202, b"")
    task = import_api.finished(image_id)
    assert (task["type"], task["status"]) == ("api_image_import", "success")
    assert task["input"] == {"image_id": image_id, "import_req": DIRECT, "backend": ["store"]}
    assert task["result"] == {"image_id": image_id}
    assert (task["owner"], task["user_id"], task["expires_at"][:2]) == ("gold", "demo", "20")
    shown = import_api.show(image_id)
    assert (shown["status"], shown["size"]) == ("active", len(data))
    assert (shown["virtual_size"], shown["os_hash_value"]) == (
        5 * 2**30,
        hashlib.sha512(data).hexdigest(),
    )
    progress = {key: value for key, value in shown.items() if key.startswith("os_glance")}
    assert progress == {"os_glance_importing_to_stores": "", "os_glance_failed_import": ""}
    assert import_api("GET", f"/v2/images/{image_id}/file").body == data


def test_data_at_a_url_is_imported(import_api: ImportApi, source: ScriptedServer) -> None:
    image_id = import_api.new()
    assert import_api.download(image_id, f"{source.base_url}/image").status == 202
    assert import_api.finished(image_id)["status"] == "success"
    shown = import_api.show(image_id)
    assert (shown["status"], shown["size"], shown["virtual_size"]) == ("active", 5, 5)
    assert import_api("GET", f"/v2/images/{image_id}/file").body == b"hello"


def test_an_image_shows_an_import_that_is_running(
    import_api: ImportApi, slow_source: ScriptedServer
) -> None:
    image_id = import_api.new()
    assert import_api.download(image_id, slow_source.base_url).status == 202
    wait_until(lambda: import_api.show(image_id)["status"] == "importing", "the import to begin")
    shown, (task,) = import_api.show(image_id), import_api.tasks(image_id)
    assert (task["status"], task["expires_at"], task["result"]) == ("processing", None, None)
    assert shown["os_glance_import_task"] == task["id"]
    assert shown["os_glance_importing_to_stores"] == "store"
    assert import_api("GET", f"/v2/images/{image_id}/file").status == 204
    for refused in (
        import_api.download(image_id, slow_source.base_url),
        import_api.start(image_id, DIRECT),
        import_api.stage(image_id),
        import_api("PUT", f"/v2/images/{image_id}/file", b"x", Content_Type=OCTETS),
    ):
        assert refused.status == 409, str(refused)
    assert import_api("POST", f"/v2/images/{image_id}/actions/deactivate").status == 403
    reserved = {"op": "replace", "path": "/os_glance_import_task", "value": "x"}
    assert import_api.patch(image_id, reserved).status == 403
    formats = {"op": "replace", "path": "/disk_format", "value": "iso"}
    assert import_api.patch(image_id, formats).status == 200
    # The deletion ends the import.
    assert import_api("DELETE", f"/v2/images/{image_id}").status == 204
    assert import_api("GET", f"/v2/images/{image_id}/tasks").status == 404


def test_an_import_of_a_deleted_image_ends(import_api: ImportApi) -> None:
    ended = threading.Event()

    def respond(_: str) -> Iterable[bytes]:
        try:
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
            while True:
                time.sleep(0.05)  # slow data
                yield b"x"
        finally:
            ended.set()

    with ScriptedServer(respond) as server:
        image_id = import_api.new()
        assert import_api.download(image_id, server.base_url).status == 202
        wait_until(
            lambda: import_api.show(image_id)["status"] == "importing", "the import to begin"
        )
        task_id = import_api.show(image_id)["os_glance_import_task"]
        assert import_api("DELETE", f"/v2/images/{image_id}").status == 204
        assert ended.wait(10)
        wait_until(lambda: _task(import_api, task_id)["status"] == "failure", "the task to fail")
        assert _task(import_api, task_id)["message"] == "the image was deleted"


def _task(import_api: ImportApi, task_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = import_api("GET", f"/v2/tasks/{task_id}", token="admin").json()
    return shown


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 200 -\r\nContent-Length: 9\r\n\r\nx", "closed before the end"),
        (b"HTTP/1.1 200 -\r\nContent-Length: 9999999\r\n\r\nx", "more than 4194304 bytes"),
        (b"HTTP/1.1 200 -\r\n\r\n" + b"x" * 5 * MEBIBYTE, "more than 4194304 bytes"),
        (b"HTTP/1.1 302 -\r\nLocation: http://[::ffff:10.1.1.1]/\r\n\r\n", "no address"),
        (b"HTTP/1.1 302 -\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "redirects"),
        (b"nonsense\r\n", "not HTTP"),
    ],
)
def test_a_failed_import_queues_the_image_again(
    import_api: ImportApi, response: bytes, reason: str
) -> None:
    image_id = import_api.new()
    with ScriptedServer(lambda _: (response,)) as server:
        assert import_api.download(image_id, f"{server.base_url}/?secret").status == 202
        task = import_api.finished(image_id)
    assert (task["status"], task["result"]) == ("failure", None)
    assert reason in task["message"]
    assert "secret" not in task["message"]
    shown = import_api.show(image_id)
    assert (shown["status"], shown["size"], shown["checksum"]) == ("queued", None, None)
    assert shown["os_glance_importing_to_stores"] == ""
    assert shown["os_glance_failed_import"] == "store"
    assert "os_glance_import_task" not in shown
    with ScriptedServer(lambda _: (HELLO,)) as server:
        assert import_api.download(image_id, server.base_url).status == 202
        assert import_api.finished(image_id)["status"] == "success"
    shown = import_api.show(image_id)
    assert (shown["status"], shown["os_glance_failed_import"]) == ("active", "")
    assert [each["status"] for each in import_api.tasks(image_id)] == ["failure", "success"]


def test_data_can_be_staged_once_for_a_queued_image(import_api: ImportApi) -> None:
    image_id = import_api.new()
    assert import_api.stage(image_id, Content_Type="text/plain").status == 415
    assert import_api.stage(image_id).status == 204
    assert import_api.stage(image_id).status == 409
    upload = import_api("PUT", f"/v2/images/{image_id}/file", b"x", Content_Type=OCTETS)
    assert upload.status == 409
    assert import_api.download(image_id, "http://example.org/").status == 409
    assert import_api("DELETE", f"/v2/images/{image_id}").status == 204
    assert import_api.stage(image_id).status == 404
    assert import_api.stage(import_api.create_with_data(b"x")).status == 409


def test_staged_data_beyond_the_cap_is_refused(import_api: ImportApi) -> None:
    image_id = import_api.new()
    assert import_api.stage(image_id, b"x" * 5 * MEBIBYTE).status == 413
    assert import_api.show(image_id)["status"] == "queued"
    assert import_api.stage(image_id, b"").status == 204
    assert import_api.start(image_id, DIRECT).status == 202
    assert import_api.finished(image_id)["status"] == "success"
    assert (import_api.show(image_id)["size"], import_api.show(image_id)["virtual_size"]) == (
        0,
        None,
    )


def test_staged_data_of_another_size_than_declared_is_refused(import_api: ImportApi) -> None:
    image_id = import_api.new()
    for size in ("3", "5", "x", "-1"):
        refused = import_api.stage(image_id, b"data", X_OpenStack_Image_Size=size)
        assert refused.status == 400, str(refused)
        assert import_api.show(image_id)["status"] == "queued"
    assert import_api.stage(image_id, b"data", X_OpenStack_Image_Size="4").status == 204
    assert import_api("DELETE", f"/v2/images/{image_id}").status == 204


def test_an_import_needs_staged_data_and_formats(import_api: ImportApi) -> None:
    assert import_api.start(import_api.new(), DIRECT).status == 409
    for attributes in ({"disk_format": None}, {"container_format": None}):
        image_id = import_api.new(**attributes)
        assert import_api.stage(image_id).status == 204
        refused = import_api.start(image_id, DIRECT)
        assert refused.status == 409, str(refused)
        assert b"needs to be set before import" in refused.body
        assert import_api("DELETE", f"/v2/images/{image_id}").status == 204
    active = import_api.create_with_data(b"x")
    for method in ("glance-direct", "web-download"):
        refused = import_api.start(
            active, {"method": {"name": method, "uri": "http://example.org/"}}
        )
        assert b"status active cannot be target" in refused.body, str(refused)


def test_imports_wait_and_too_many_are_refused(
    import_api: ImportApi, slow_source: ScriptedServer
) -> None:
    """The server runs two imports at a time, and lets two others wait."""
    images = [import_api.new() for _ in range(5)]
    for image_id in images[:4]:
        assert import_api.download(image_id, slow_source.base_url).status == 202
    wait_until(lambda: import_api.show(images[1])["status"] == "importing", "two imports to begin")
    assert import_api.show(images[3])["status"] == "queued"
    assert import_api.tasks(images[3])[0]["status"] == "pending"
    assert import_api.download(images[3], slow_source.base_url).status == 409
    refused = import_api.download(images[4], slow_source.base_url)
    assert (refused.status, refused.header("Retry-After")) == (503, "60"), str(refused)
    for image_id in images[:4]:
        assert import_api("DELETE", f"/v2/images/{image_id}").status == 204


def test_requests_at_the_same_time_start_no_more_imports_than_may_wait(
    import_api: ImportApi, slow_source: ScriptedServer
) -> None:
    images = [import_api.new() for _ in range(20)]
    with ThreadPoolExecutor(len(images)) as threads:
        responses = threads.map(
            lambda image_id: import_api.download(image_id, slow_source.base_url), images
        )
        statuses = sorted(response.status for response in responses)
    assert statuses == [202] * 4 + [503] * 16
    for image_id in images:
        assert import_api("DELETE", f"/v2/images/{image_id}").status == 204
