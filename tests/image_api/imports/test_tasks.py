"""Admins list, show and create tasks; others may not."""

from typing import Any

import pytest

from tests.image_api.imports.import_api import DIRECT, ImportApi
from tests.support.http import Response
from tests.support.process import wait_until
from tests.support.scripted_server import ScriptedServer

ADMIN = "admin:iron"


def imported(import_api: ImportApi) -> dict[str, Any]:
    """Import an image; return its task."""
    image_id = import_api.new()
    assert import_api.stage(image_id).status == 204
    assert import_api.start(image_id, DIRECT).status == 202
    return import_api.finished(image_id)


def create(import_api: ImportApi, url: str, **changes: Any) -> Response:
    """Create a task of type import; `changes` replace members of its input."""
    given = {
        "import_from": url,
        "import_from_format": "raw",
        "image_properties": {
            "name": "by task",
            "disk_format": "raw",
            "container_format": "bare",
            "os_distro": "debian",
        },
    }
    document = {"type": "import", "input": {**given, **changes}}
    return import_api("POST", "/v2/tasks", document, token=ADMIN)


def ended(import_api: ImportApi, created: Response) -> dict[str, Any]:
    """Wait for the end of a task that was created; return its document."""
    assert created.status == 201, str(created)
    path = created.json()["self"]
    wait_until(
        lambda: import_api("GET", path, token=ADMIN).json()["status"] in ("success", "failure"),
        "the task does not end",
    )
    document: dict[str, Any] = import_api("GET", path, token=ADMIN).json()
    return document


def test_an_admin_is_shown_the_tasks_of_all_projects(import_api: ImportApi) -> None:
    task = imported(import_api)
    shown = import_api("GET", f"/v2/tasks/{task['id']}", token=ADMIN).json()
    assert shown["self"] == f"/v2/tasks/{task['id']}"
    assert (shown["type"], shown["status"], shown["owner"]) == (
        "api_image_import",
        "success",
        "gold",
    )
    same = ("input", "result", "image_id", "request_id", "user_id", "message")
    assert {key: shown[key] for key in same} == {key: task[key] for key in same}
    assert shown["created_at"].endswith("Z")
    (listed,) = import_api("GET", "/v2/tasks?limit=1", token=ADMIN).json()["tasks"]
    hidden = ("input", "result", "image_id", "request_id", "user_id", "message")
    assert listed == {key: value for key, value in shown.items() if key not in hidden}


def test_a_list_of_tasks_is_paged_and_filtered(import_api: ImportApi) -> None:
    tasks = [imported(import_api)["id"] for _ in range(3)][::-1]
    first = import_api("GET", "/v2/tasks?limit=2&status=success", token=ADMIN).json()
    assert [task["id"] for task in first["tasks"]] == tasks[:2]
    assert first["first"] == "/v2/tasks?limit=2&status=success"
    assert first["next"] == f"/v2/tasks?limit=2&status=success&marker={tasks[1]}"
    second = import_api("GET", first["next"], token=ADMIN).json()
    assert second["tasks"][0]["id"] == tasks[2]
    nothing = import_api("GET", "/v2/tasks?owner=nobody", token=ADMIN).json()
    assert (nothing["tasks"], "next" in nothing) == ([], False)


@pytest.mark.parametrize(
    "query",
    [
        *("limit=-1", "limit=x", "marker=x", "marker=11111111-1111-4111-8111-111111111111"),
        *("sort_key=x", "sort_key=input", "sort_dir=x", "status=x", "type=api_image_import"),
    ],
)
def test_a_malformed_query_for_tasks_is_400(import_api: ImportApi, query: str) -> None:
    response = import_api("GET", f"/v2/tasks?{query}", token=ADMIN)
    assert response.status == 400, str(response)


def test_only_admins_may_use_tasks(import_api: ImportApi) -> None:
    task_id = imported(import_api)["id"]
    for method, path, status in (
        ("GET", "/v2/tasks", 200),
        ("POST", "/v2/tasks", 400),
        ("GET", f"/v2/tasks/{task_id}", 200),
        ("DELETE", f"/v2/tasks/{task_id}", 405),
        ("GET", "/v2/tasks/nothing", 404),
    ):
        body: object = {} if method == "POST" else None
        refused = import_api(method, path, body)
        assert refused.status == 403, str(refused)
        allowed = import_api(method, path, body, token=ADMIN)
        assert allowed.status == status, str(allowed)


def test_a_task_creates_an_image_with_data_at_a_url(
    import_api: ImportApi, source: ScriptedServer
) -> None:
    created = create(import_api, source.base_url)
    assert str(created.header("Location")).endswith(created.json()["self"])
    assert (created.json()["status"], "image_id" in created.json()) == ("pending", False)
    task = ended(import_api, created)
    assert task["status"] == "success", task
    image = import_api("GET", f"/v2/images/{task['result']['image_id']}", token=ADMIN).json()
    assert (image["name"], image["status"], image["size"], image["owner"], image["os_distro"]) == (
        "by task",
        "active",
        5,
        "iron",
        "debian",
    )


def test_an_image_whose_download_fails_is_deleted(import_api: ImportApi) -> None:
    with ScriptedServer(lambda _: (b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n",)) as server:
        task = ended(import_api, create(import_api, server.base_url))
    assert (task["status"], "404" in task["message"], task["result"]) == ("failure", True, None)
    listed = import_api("GET", "/v2/images?owner=iron&status=queued", token=ADMIN).json()
    assert listed["images"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_properties": None}, "JSON object"),
        ({"image_properties": {"name": "x"}}, "disk_format must be set"),
        ({"image_properties": {"id": "11111111-1111-4111-8111-111111111111"}}, "id"),
        ({"image_properties": {"visibility": "x"}}, "visibility"),
        ({"image_properties": {"status": "active"}}, "read-only"),
    ],
)
def test_a_task_with_properties_of_no_image_fails(
    import_api: ImportApi, source: ScriptedServer, changes: dict[str, Any], message: str
) -> None:
    task = ended(import_api, create(import_api, source.base_url, **changes))
    assert task["status"] == "failure"
    assert message in task["message"], task
    assert source.heads == []


def test_tasks_that_other_requests_start_fail(import_api: ImportApi) -> None:
    nothing: dict[str, str] = {}
    for document in (
        {"type": "api_image_import", "input": nothing},
        {"type": "location_import", "input": {"image_id": "x"}},
    ):
        created = import_api("POST", "/v2/tasks", document, token=ADMIN)
        assert ended(import_api, created)["status"] == "failure"


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"{", None, [], "x", {}, {"type": "import"}, {"input": {}}),
        *({"type": kind, "input": {}} for kind in ("x", None, 1)),
        {"type": "import", "input": None},
        {"type": "import", "input": {}},
        {"type": "import", "input": "x"},
        {"type": "import", "input": []},
        {"type": "api_image_import", "input": {}, "x": 1},
        {"type": "api_image_import", "input": {}, "owner": 1},
        {"type": "api_image_import", "input": {}, "status": "x"},
        {"type": "api_image_import", "input": {"x": "y" * 20_000}},
        *(
            {"type": "import", "input": {"import_from": url}}
            for url in (None, 1, "", "ftp://x", "file:///etc/passwd", "http://10.0.0.1/", "http://")
        ),
    ],
    ids=lambda each: ascii(each)[:60],
)
def test_a_malformed_task_is_400(import_api: ImportApi, document: object) -> None:
    response = import_api("POST", "/v2/tasks", document, token=ADMIN)
    assert response.status == 400, str(response)


def test_the_schemas_of_tasks_are_shown(import_api: ImportApi) -> None:
    task = import_api("GET", "/v2/schemas/task").json()
    assert task["name"] == "task"
    assert set(task["properties"]) >= {"id", "type", "status", "input", "result", "message"}
    tasks = import_api("GET", "/v2/schemas/tasks").json()
    listed = tasks["properties"]["tasks"]["items"]["properties"]
    assert set(task["properties"]) - set(listed) == {"input", "result", "message"}
