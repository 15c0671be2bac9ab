"""Each role and token scope is permitted the operations that the table of roles has."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.roles import (
    CALLERS,
    MEMBERS,
    OPERATIONS,
    OPERATIONS_BY_NAME,
    PATCH,
    SYSTEM,
    UNSCOPED,
    CloudWithRoles,
    Operation,
    expected_status,
    send,
)
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.gateway import SERVICE, gateway
from tests.support.http import request
from tests.support.process import GlimpseProcess

VERSIONS = ("/v2.1", "/v2")
FAULTS = {403: "forbidden", 404: "itemNotFound"}
CLOUDS = ("embedded", "gateway", pytest.param("peers", marks=pytest.mark.peers))


@pytest.fixture(scope="module", params=CLOUDS)
def roles(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CloudWithRoles]:
    """Embedded services, then a gateway in front of them, then one in front of real services."""
    directory: Path = tmp_path_factory.mktemp("roles")
    if request.param == "peers":
        with PeerGateway.start_all(directory / "peers", MEMBERS) as real:
            real.peers.identity.grant_system_role("admin", "admin")
            yield CloudWithRoles(real, (*CALLERS, SYSTEM))
        return
    seed_identity(directory / "state", [*MEMBERS, SERVICE])
    with GlimpseProcess(directory / "state") as process:
        embedded = EmbeddedCloud(process)
        if request.param == "embedded":
            yield CloudWithRoles(embedded, CALLERS)
            return
        glance = {"glance": {"api_servers": f"{process.base_url}/image"}}
        with gateway(directory / "gateway", embedded, glance) as cloud:
            yield CloudWithRoles(cloud, CALLERS)


def check_table(roles: CloudWithRoles, operation: Operation, caller: str, visibility: str) -> None:
    """Send an operation in each version; check its status, and that a refusal has no effect."""
    versions = VERSIONS if operation.api == "compute" else VERSIONS[:1]
    make: Callable[[], str] = partial(roles.image_for, operation, visibility)
    image_id = make()
    for version in versions:
        before = roles.get_image(image_id)
        response = roles.send(caller, operation, image_id, version=version)
        assert response.status == expected_status(operation, caller), str(response)
        if response.status >= 400 and operation.success < 400:
            assert roles.get_image(image_id) == before, (
                f"the refused operation changed the image: {response}"
            )
            if operation.api == "compute":
                assert response.fault == FAULTS[response.status], str(response)
        elif operation.method != "GET":
            image_id = make()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_a_role_allows_the_operations_of_the_default_policies(
    caller: str, operation: Operation, roles: CloudWithRoles
) -> None:
    check_table(roles, operation, caller, "private")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_role_allows_the_same_on_public_images(
    operation: Operation, roles: CloudWithRoles
) -> None:
    for caller in ("reader", "unknown"):
        check_table(roles, operation, caller, "public")


@pytest.mark.peers  # the embedded identity issues no such tokens
@pytest.mark.parametrize("roles", ["peers"], indirect=True)
def test_a_system_scope_allows_nothing(roles: CloudWithRoles) -> None:
    for operation in OPERATIONS:
        check_table(roles, operation, SYSTEM, "private")


def test_faults_have_the_messages_of_a_real_compute(roles: CloudWithRoles) -> None:
    image_id = roles.create_image()
    messages = {
        "compute-set item": f"Not authorized for image {image_id}.",
        "compute-create metadata": f"Not authorized for image {image_id}.",
        "compute-delete item": f"Not authorized for image {image_id}.",
        "compute-delete": "You are not allowed to delete the image.",
    }
    for name, message in messages.items():
        response = roles.send("reader", OPERATIONS_BY_NAME[name], image_id)
        assert response.json()["forbidden"]["message"] == message, str(response)
    response = roles.send("unknown", OPERATIONS_BY_NAME["compute-list"])
    assert "get_images" in response.json()["forbidden"]["message"], str(response)
    for caller in UNSCOPED:
        response = roles.send(caller, OPERATIONS_BY_NAME["compute-list"])
        assert "project" in response.json()["forbidden"]["message"], str(response)


@pytest.mark.parametrize("caller", ["member", "reader", "unknown"])
def test_only_an_admin_may_make_an_image_public(roles: CloudWithRoles, caller: str) -> None:
    image_id = roles.create_image()
    change = [{"op": "replace", "path": "/visibility", "value": "public"}]
    publish = Operation("image", "publish", "PATCH", "/images/{id}", "write", 200, change, PATCH)
    # Glance checks the visibility before it checks if the caller may see the image: 403
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
        response = send(cloud, token, OPERATIONS_BY_NAME["image-create"])
        assert response.status == (201 if status == 200 else status), str(response)
        image_id = response.json()["id"] if response.status == 201 else "x"
        for name in ("compute-list", "compute-create metadata"):
            assert send(cloud, token, OPERATIONS_BY_NAME[name], image_id).status == status


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
