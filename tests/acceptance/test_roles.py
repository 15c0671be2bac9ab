"""Every role and every token scope with every operation of every API that has images."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.roles import (
    CALLERS,
    DATA,
    KEY,
    MEMBERS,
    OPERATIONS,
    PATCH,
    SYSTEM,
    UNSCOPED,
    Operation,
    expected_status,
    send,
    token_of,
)
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud, EmbeddedCloud, seed_identity
from tests.support.gateway import SERVICE, gateway
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess

VERSIONS = ("/v2.1", "/v2")
FAULTS = {403: "forbidden", 404: "itemNotFound"}
CLOUDS = ("embedded", "gateway", pytest.param("peers", marks=pytest.mark.peers))
BY_NAME = {str(operation): operation for operation in OPERATIONS}


class Roles:
    """A cloud with a user of every role; images are made by the member, or its admin."""

    def __init__(self, cloud: Cloud, callers: tuple[str, ...]) -> None:
        self.cloud = cloud
        self.tokens = {caller: token_of(cloud, caller) for caller in callers}

    def send(self, caller: str, operation: Operation, image_id: str = "", **more: str) -> Response:
        return send(self.cloud, self.tokens[caller], operation, image_id, **more)

    def do(self, method: str, path: str, body: object, kind: str = "application/json") -> Any:
        """Call the Image API as the admin; the answer's document, if it has one."""
        step = Operation("image", "prepare", method, path, "write", body=body, kind=kind)
        response = self.send("admin", step)
        assert response.status < 300, str(response)
        return response.json() if response.body else None

    def make_image(self, status: str = "active", visibility: str = "private") -> str:
        formats = {"disk_format": "raw", "container_format": "bare"}
        new = {"name": "x", KEY: "debian", "visibility": visibility, **formats}
        image_id = str(self.do("POST", "/images", new)["id"])
        if status != "queued":
            self.do("PUT", f"/images/{image_id}/file", b"data", DATA)
        if status == "deactivated":
            self.do("POST", f"/images/{image_id}/actions/deactivate", None)
        return image_id

    def show(self, image_id: str) -> Any:
        return self.do("GET", f"/images/{image_id}", None)


@pytest.fixture(scope="module", params=CLOUDS)
def roles(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Roles]:
    """The embedded services, the gateway before them, and before a real Keystone and Glance."""
    directory: Path = tmp_path_factory.mktemp("roles")
    if request.param == "peers":
        with PeerGateway.start_all(directory / "peers", MEMBERS) as real:
            real.peers.identity.grant_system_role("admin", "admin")
            yield Roles(real, (*CALLERS, SYSTEM))
        return
    seed_identity(directory / "state", [*MEMBERS, SERVICE])
    with GlimpseProcess(directory / "state") as process:
        embedded = EmbeddedCloud(process)
        if request.param == "embedded":
            yield Roles(embedded, CALLERS)
            return
        glance = {"glance": {"api_servers": f"{process.base_url}/image"}}
        with gateway(directory / "gateway", embedded, glance) as cloud:
            yield Roles(cloud, CALLERS)


def check_table(roles: Roles, operation: Operation, caller: str, visibility: str) -> None:
    """Send the operation in every version of its API; what is refused changes nothing."""
    versions = VERSIONS if operation.api == "compute" else VERSIONS[:1]
    make: Callable[[], str] = partial(roles.make_image, operation.status, visibility)
    image_id = make()
    for version in versions:
        before = roles.show(image_id)
        response = roles.send(caller, operation, image_id, version=version)
        assert response.status == expected_status(operation, caller), str(response)
        if response.status >= 400 and operation.success < 400:
            assert roles.show(image_id) == before, f"was refused, and happened: {response}"
            if operation.api == "compute":
                assert response.fault == FAULTS[response.status], str(response)
        elif operation.method != "GET":
            image_id = make()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_a_role_allows_what_the_default_policies_say(
    caller: str, operation: Operation, roles: Roles
) -> None:
    check_table(roles, operation, caller, "private")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_public_image_obeys_the_rules_too(operation: Operation, roles: Roles) -> None:
    for caller in ("reader", "unknown"):
        check_table(roles, operation, caller, "public")


@pytest.mark.peers  # only Keystone issues such tokens
@pytest.mark.parametrize("roles", ["peers"], indirect=True)
def test_a_system_scope_allows_nothing(roles: Roles) -> None:
    for operation in OPERATIONS:
        check_table(roles, operation, SYSTEM, "private")


def test_refusals_have_the_message_of_a_real_compute(roles: Roles) -> None:
    image_id = roles.make_image()
    messages = {
        "compute-set item": f"Not authorized for image {image_id}.",
        "compute-create metadata": f"Not authorized for image {image_id}.",
        "compute-delete item": f"Not authorized for image {image_id}.",
        "compute-delete": "You are not allowed to delete the image.",
    }
    for name, message in messages.items():
        response = roles.send("reader", BY_NAME[name], image_id)
        assert response.json()["forbidden"]["message"] == message, str(response)
    response = roles.send("unknown", BY_NAME["compute-list"])
    assert "get_images" in response.json()["forbidden"]["message"], str(response)
    for caller in UNSCOPED:
        response = roles.send(caller, BY_NAME["compute-list"])
        assert "project" in response.json()["forbidden"]["message"], str(response)


@pytest.mark.parametrize("caller", ["member", "reader", "unknown"])
def test_only_an_admin_publishes(roles: Roles, caller: str) -> None:
    image_id = roles.make_image()
    change = [{"op": "replace", "path": "/visibility", "value": "public"}]
    publish = Operation("image", "publish", "PATCH", "/images/{id}", "write", 200, change, PATCH)
    # Of who may not even see the image, Glance checks the visibility first and says 403
    allowed = (403, 404) if caller == "unknown" else (403,)
    assert roles.send(caller, publish, image_id).status in allowed
    assert roles.send("admin", publish, image_id).status == 200


@pytest.mark.parametrize(("token", "status"), [("demo:crew", 200), ("admin:crew", 200), ("", 401)])
def test_noauth_callers_have_the_roles_of_members(tmp_path: Path, token: str, status: int) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text("[api]\nauth_strategy = noauth\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        cloud = EmbeddedCloud(process)
        response = send(cloud, token, BY_NAME["image-create"])
        assert response.status == (201 if status == 200 else status), str(response)
        image_id = response.json()["id"] if response.status == 201 else "x"
        for name in ("compute-list", "compute-create metadata"):
            assert send(cloud, token, BY_NAME[name], image_id).status == status


def test_the_challenge_of_noauth_names_a_url_that_is_served(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text("[api]\nauth_strategy = noauth\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        for path in ("/v2.1/images", "/image/v2/images"):
            refused = request(("127.0.0.1", process.port), "GET", path)
            assert refused.status == 401, str(refused)
            challenge = refused.header("WWW-Authenticate") or ""
            assert challenge == f'Keystone uri="http://127.0.0.1:{process.port}"', str(refused)
        assert request(("127.0.0.1", process.port), "GET", "/").status == 200
