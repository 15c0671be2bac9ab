"""Changes over the Identity API hold in all processes at once, and after a crash."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.asgi_server_process import AsgiServerProcess
from tests.support.cloud import PASSWORD, EmbeddedCloud
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess

SECRET = "a secret phrase"


@pytest.fixture
def processes(state_dir: Path) -> Iterator[tuple[GlimpseProcess, GlimpseProcess]]:
    """Two processes that share a state directory, as workers do."""
    with GlimpseProcess(state_dir) as first, AsgiServerProcess(state_dir) as second:
        yield first, second


def send(
    process: GlimpseProcess, method: str, path: str, document: object = None, user: str = "admin"
) -> Response:
    """Send a request to the Identity API, with a new token of `user`, or without one for none."""
    body = None if document is None else json.dumps(document).encode()
    return EmbeddedCloud(process).request(user, method, f"/identity/v3{path}", body)


def create(process: GlimpseProcess, kind: str, **values: Any) -> str:
    response = send(process, "POST", f"/{kind}s", {kind: values})
    assert response.status == 201, str(response)
    made: str = response.json()[kind]["id"]
    return made


def log_in(process: GlimpseProcess, user_id: str, password: str) -> Response:
    user = {"id": user_id, "password": password}
    identity = {"methods": ["password"], "password": {"user": user}}
    return send(process, "POST", "/auth/tokens", {"auth": {"identity": identity}}, "none")


def test_another_process_knows_a_change_with_its_next_request(
    processes: tuple[GlimpseProcess, GlimpseProcess],
) -> None:
    first, second = processes
    user_id = create(first, "user", name="new", password=SECRET)
    token = log_in(second, user_id, SECRET).header("X-Subject-Token")
    assert token is not None
    path = f"/users/{user_id}"

    def status(process: GlimpseProcess) -> int:
        headers = {"X-Auth-Token": token}
        return request(process.address, "GET", f"/identity/v3{path}", headers).status

    assert status(first) == status(second) == 200
    for process, other in ((first, second), (second, first)):
        assert send(process, "PATCH", path, {"user": {"description": "new"}}).status == 200
        assert send(other, "GET", path).json()["user"]["description"] == "new"
        assert send(process, "PATCH", path, {"user": {"description": "old"}}).status == 200
        assert send(other, "GET", path).json()["user"]["description"] == "old"
    assert send(first, "PATCH", path, {"user": {"enabled": False}}).status == 200
    assert status(second) == 401
    assert send(second, "PATCH", path, {"user": {"enabled": True}}).status == 200
    assert status(first) == 401  # the tokens of a disabled user have ended for good
    assert log_in(first, user_id, SECRET).status == 201


def test_changes_survive_a_crash_that_follows_the_response(state_dir: Path) -> None:
    process = GlimpseProcess(state_dir)
    process.start()
    user_id = create(process, "user", name="new", password=SECRET)
    project_id = create(process, "project", name="new", tags=["a"])
    (owner,) = send(process, "GET", "/users?name=owner").json()["users"]
    document = {"user": {"original_password": PASSWORD, "password": SECRET}}
    assert send(process, "POST", f"/users/{owner['id']}/password", document).status == 204
    process.kill()
    with process:
        assert log_in(process, user_id, SECRET).status == 201
        assert log_in(process, owner["id"], SECRET).status == 201
        assert log_in(process, owner["id"], PASSWORD).status == 401
        shown = send(process, "GET", f"/projects/{project_id}").json()["project"]
        assert (shown["name"], shown["tags"]) == ("new", ["a"])
        assert send(process, "DELETE", f"/users/{user_id}").status == 204
        process.kill()
        process.start()
        assert send(process, "GET", f"/users/{user_id}").status == 404
