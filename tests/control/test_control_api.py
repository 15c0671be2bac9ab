"""The control API of a running cloud."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.cloud import request_token
from tests.support.http import Response, request
from tests.support.process import run_glimpse, wait_until
from tests.support.ready_process import ReadyProcess

SEED = """
images:
  - {name: disk, owner: demo, data: {size: 1 MiB}}
faults:
  - {operation: image.delete_image, every: 2, status: 500}
"""


class ControlledCloud:
    """A cloud with the control API, and the two ways to send it requests."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.identity_url = str(document["identity"]).removesuffix("/v3")
        self.token = _log_in(self.identity_url)

    @property
    def authorization(self) -> str:
        return f"Bearer {self._document['control']['token']}"

    def control(
        self, method: str, path: str, document: object = None, token: str | None = None
    ) -> Response:
        given = self.authorization if token is None else f"Bearer {token}"
        body = None if document is None else json.dumps(document).encode()
        url = self._document["control"]["url"]
        return request(_address(url), method, path, {"Authorization": given}, body)

    def api(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
        address = _address(self._document["image"])
        return request(address, method, path, {"X-Auth-Token": self.token, **headers}, body or None)

    def image_ids(self) -> list[str]:
        listed = self.api("GET", "/image/v2/images", {})
        return [image["id"] for image in listed.json()["images"]]


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def _log_in(url: str) -> str:
    user = {"name": "demo", "domain": {"id": "default"}, "password": "secret"}
    scope = {"project": {"name": "demo", "domain": {"id": "default"}}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return request_token(url, {"identity": identity, "scope": scope})


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadyProcess]:
    directory = tmp_path_factory.mktemp("cloud")
    (directory / "cloud.yaml").write_text(SEED)
    arguments = ["--ephemeral", "--seed", str(directory / "cloud.yaml"), "--control-port", "0"]
    with ReadyProcess(directory, *arguments) as running:
        yield running


@pytest.fixture
def cloud(process: ReadyProcess) -> ControlledCloud:
    cloud = ControlledCloud(process.document)
    reset = cloud.control("POST", "/reset")
    assert reset.status == 204, str(reset)
    return cloud


def test_a_reset_brings_back_images_and_faults(cloud: ControlledCloud) -> None:
    before = cloud.image_ids()
    for number in range(3):
        added = cloud.control("POST", "/faults", {"status": 503, "operation": "image.list_images"})
        assert added.status == 201, str(added)
        deleted = cloud.api("DELETE", f"/image/v2/images/{before[0]}", {})
        assert deleted.status == 204, f"{number}: {deleted}"
        assert cloud.api("GET", "/image/v2/images", {}).status == 503
        assert cloud.control("POST", "/reset").status == 204
        assert cloud.image_ids() == before
        data = cloud.api("GET", f"/image/v2/images/{before[0]}/file", {})
        assert data.body == bytes(2**20), f"{number}: {data}"


def test_the_state_before_a_reset_is_removed(cloud: ControlledCloud, process: ReadyProcess) -> None:
    directory = Path(process.document["credentials"]).parents[1]
    assert cloud.control("POST", "/reset").status == 204
    assert cloud.image_ids()

    def state_dirs() -> list[Path]:
        found = (path for path in directory.iterdir() if path.name.startswith("state"))
        return [path for path in found if not path.is_symlink()]

    wait_until(lambda: len(state_dirs()) == 1, "the states before resets are kept")
    assert (directory / "original").is_dir()


def test_requests_are_logged_without_secrets(cloud: ControlledCloud) -> None:
    _log_in(cloud.identity_url)
    sent = cloud.api(
        "POST",
        "/image/v2/images?limit=1",
        {"Content-Type": "application/json", "User-Agent": "a test"},
        b'{"name": "logged"}',
    )
    assert sent.status == 201, str(sent)
    assert cloud.api("GET", "/image/v2/images/none", {}).status == 404
    login, created, missing = cloud.control("GET", "/requests").json()["requests"]
    assert login["operation"] == "identity.issue"
    assert json.loads(login["body"])["auth"]["identity"]["password"]["user"]["password"] == "***"
    assert created["method"] == "POST"
    assert created["path"] == "/image/v2/images?limit=1"
    assert created["status"] == 201
    assert created["user_agent"] == "a test"
    assert created["request_id"] == sent.header("X-Openstack-Request-Id")
    assert created["operation"] == "image.create_image"
    assert created["body"] == '{"name":"logged"}'
    assert created["project_id"] == missing["project_id"] is not None
    assert (missing["status"], missing["body"]) == (404, None)
    assert (login["error"], created["error"]) == (None, None)
    assert "No image found with ID none" in missing["error"]
    assert cloud.control("DELETE", "/requests").status == 204
    assert cloud.control("GET", "/requests").json() == {"requests": []}


def test_a_request_with_a_deeply_nested_body_is_logged_without_it(cloud: ControlledCloud) -> None:
    body = b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}"
    json_body = {"Content-Type": "application/json"}
    sent = cloud.api("POST", "/image/v2/images", json_body, body)
    assert sent.status == 400, str(sent)
    (logged,) = cloud.control("GET", "/requests").json()["requests"]
    assert (logged["status"], logged["body"]) == (400, None)


def test_faults_are_added_shown_and_removed(cloud: ControlledCloud) -> None:
    rule = {"operation": "image.list_images", "first": 1, "status": 503, "body": "no"}
    added = cloud.control("POST", "/faults", rule)
    assert added.status == 201, str(added)
    fault_id = added.json()["id"]
    assert [cloud.api("GET", "/image/v2/images", {}).status for _ in range(2)] == [503, 200]
    shown = cloud.control("GET", f"/faults/{fault_id}")
    assert shown.json() == {**rule, "id": fault_id, "matched": 2, "applied": 1}
    listed = cloud.control("GET", "/faults").json()["faults"]
    assert [each["status"] for each in listed] == [500, 503]
    assert cloud.control("DELETE", f"/faults/{fault_id}").status == 204
    assert cloud.control("DELETE", f"/faults/{fault_id}").status == 404
    assert cloud.control("GET", f"/faults/{fault_id}").status == 404
    assert cloud.control("DELETE", "/faults").status == 204
    assert cloud.control("GET", "/faults").json() == {"faults": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": 1}, "status: an integer from 200 to 599 is expected."),
        ([], "an object is expected."),
        (
            {"status": 503, "operation": "image.lst_images"},
            "operation: no operation matches it: did you mean image.list_images?",
        ),
        ({"status": 503, "method": "GTE"}, "method: no method matches it: did you mean GET?"),
    ],
)
def test_a_rule_that_cannot_be_used_is_a_400(
    cloud: ControlledCloud, body: object, message: str
) -> None:
    refused = cloud.control("POST", "/faults", body)
    assert (refused.status, refused.json()) == (400, {"error": message})


def test_a_rule_of_more_than_a_mebibyte_is_a_413(cloud: ControlledCloud) -> None:
    before = cloud.control("GET", "/faults").json()
    refused = cloud.control("POST", "/faults", {"status": 503, "body": "x" * 1024 * 1024})
    expected = {"error": "The body of a rule has at most 1048576 bytes."}
    assert (refused.status, refused.json()) == (413, expected)
    assert cloud.control("GET", "/faults").json() == before


def test_openrc_and_users_of_the_state_directory_are_those_of_the_present_state(
    cloud: ControlledCloud, process: ReadyProcess
) -> None:
    state = ["--state-dir", process.document["state_dir"]]
    before = run_glimpse("openrc", *state)
    assert f"OS_AUTH_URL={process.document['identity']}\n" in before.stdout, before.stderr
    assert "OS_PASSWORD=secret\n" in before.stdout
    for _ in range(2):
        assert run_glimpse("user", "add", "ann", *state).returncode == 0
        assert "OS_USERNAME=ann\n" in run_glimpse("openrc", "ann", *state).stdout
        assert cloud.control("POST", "/reset").status == 204
        assert run_glimpse("openrc", *state).stdout == before.stdout
        refused = run_glimpse("openrc", "ann", *state).stderr
        assert refused == "glimpse: There is no user ann; there are: admin, alt, demo.\n"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/reset", 405), ("POST", "/fault", 404)]
)
def test_requests_that_do_not_exist_are_json_errors(
    cloud: ControlledCloud, method: str, path: str, status: int
) -> None:
    refused = cloud.control(method, path)
    assert refused.status == status, str(refused)
    message = f"{method} {path} is not in the control API: see docs/testing.md."
    assert refused.json() == {"error": message}


def test_nothing_is_done_without_the_token(cloud: ControlledCloud) -> None:
    for token in ("", "wrong", cloud.token):
        for method, path in (("POST", "/reset"), ("GET", "/requests"), ("GET", "/none")):
            refused = cloud.control(method, path, token=token)
            assert refused.status == 401, str(refused)


def test_the_control_api_is_not_at_the_port_of_the_apis(cloud: ControlledCloud) -> None:
    for path in ("/reset", "/faults"):
        response = cloud.api("POST", path, {"Authorization": cloud.authorization})
        assert response.status == 300, str(response)  # the versions of the Compute API


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--control-port", "0"], "--control-port needs --ready-file"),
        (
            ["--control-port", "0", "--ready-file", "ready", "--workers", "2"],
            "faults and --control-port need one process",
        ),
        (["--control-port", "70000", "--ready-file", "ready"], "cannot listen on 127.0.0.1:70000"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_glimpse("serve", "--port", "0", "--ephemeral", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"glimpse: {message}"), done.stderr


def test_a_cloud_that_is_kept_cannot_be_reset(tmp_path: Path) -> None:
    with ReadyProcess(tmp_path, "--control-port", "0") as process:
        control = process.document["control"]
        headers = {"Authorization": f"Bearer {control['token']}"}
        refused = request(_address(control["url"]), "POST", "/reset", headers)
        assert refused.status == 409, str(refused)
        assert refused.json() == {"error": "Only a cloud with --ephemeral can be reset."}
