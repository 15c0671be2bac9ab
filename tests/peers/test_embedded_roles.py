"""The embedded services allow each role and scope what a real Glance and Keystone allow."""

import functools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.acceptance.roles import (
    CALLERS,
    MEMBERS,
    OPERATIONS,
    PROJECT_ID,
    ROLES,
    CloudWithRoles,
    Operation,
)
from tests.peers.peer_gateway import PeerGateway
from tests.peers.service_pair import ResponsePair
from tests.support.cloud import Cloud, EmbeddedCloud, seed_identity
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id
from tests.support.process import GlimpseProcess

pytestmark = pytest.mark.peers
IMAGE_OPERATIONS = [operation for operation in OPERATIONS if operation.api == "image"]
NEW = {"application_credential": {"name": "NEW"}}
# SELF stands for the id of the caller, OTHER for that of the admin, NEW for an unused name.
IDENTITY_OPERATIONS: list[tuple[str, str, object]] = [
    ("GET", "/auth/tokens", None),
    ("GET", "/auth/projects", None),
    ("GET", "/auth/catalog", None),
    *(("GET", f"/{kind}", None) for kind in ("projects", "users", "domains", "roles", "regions")),
    *(("GET", f"/{kind}", None) for kind in ("services", "endpoints")),
    ("GET", f"/projects/{PROJECT_ID}", None),
    ("GET", f"/projects/{'0' * 32}", None),
    ("GET", "/domains/default", None),
    ("GET", "/users/SELF", None),
    ("GET", "/users/OTHER", None),
    ("GET", "/users/SELF/projects", None),
    ("GET", "/users/OTHER/projects", None),
    ("GET", "/users/SELF/application_credentials", None),
    ("GET", "/users/OTHER/application_credentials", None),
    ("POST", "/users/SELF/application_credentials", NEW),
    ("POST", "/users/OTHER/application_credentials", NEW),
    ("GET", "/roles/nothing", None),
    ("POST", "/roles", {"role": {"name": "NEW"}}),
    ("GET", "/role_inferences", None),
    ("GET", "/role_assignments", None),
    ("GET", f"/role_assignments?scope.project.id={PROJECT_ID}&include_subtree", None),
    *(
        ("GET", f"/{scope}/users/{user}/roles", None)
        for scope in (f"projects/{PROJECT_ID}", "domains/default", "system")
        for user in ("SELF", "OTHER", "nobody")
    ),
]


class RolesPair(NamedTuple):
    """The callers of a cloud with real services, and of one with embedded services."""

    real: CloudWithRoles
    embedded: CloudWithRoles


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolesPair]:
    directory: Path = tmp_path_factory.mktemp("roles")
    seed_identity(directory / "state", MEMBERS)
    with (
        PeerGateway.start_all(directory / "peers", MEMBERS) as real,
        GlimpseProcess(directory / "state") as process,
    ):
        yield RolesPair(
            CloudWithRoles(real, CALLERS), CloudWithRoles(EmbeddedCloud(process), CALLERS)
        )


@pytest.mark.parametrize("operation", IMAGE_OPERATIONS, ids=str)
def test_a_real_glance_allows_the_same(both: RolesPair, operation: Operation) -> None:
    for caller in CALLERS:
        for visibility in ("private", "public"):
            responses = [
                roles.send(caller, operation, roles.image_for(operation, visibility))
                for roles in both
            ]
            assert_same_status(caller, ResponsePair(*responses))


@pytest.mark.parametrize(("method", "path", "body"), IDENTITY_OPERATIONS, ids=parameter_id)
def test_a_real_keystone_allows_the_same(
    both: RolesPair, method: str, path: str, body: object
) -> None:
    # Keystone creates application credentials also without a project; here, they need one
    # (docs/differences.md).
    creates = method == "POST" and "SELF" in path
    for caller in ROLES if creates else CALLERS:
        responses = [send_request(roles, caller, method, path, body) for roles in both]
        assert_same_status(caller, ResponsePair(*responses))


def send_request(
    roles: CloudWithRoles, caller: str, method: str, path: str, body: object
) -> Response:
    """Send a request to the Identity API with the token of the caller."""
    for placeholder, name in (("SELF", caller), ("OTHER", "admin")):
        if placeholder in path:
            path = path.replace(placeholder, user_of(roles, name))
    return send(roles.cloud, roles.tokens[caller], method, path, body)


@functools.cache
def user_of(roles: CloudWithRoles, caller: str) -> str:
    token = send(roles.cloud, roles.tokens[caller], "GET", "/auth/tokens").json()["token"]
    return str(token["user"]["id"])


def send(cloud: Cloud, token: str, method: str, path: str, body: object = None) -> Response:
    headers = {"X-Auth-Token": token, "X-Subject-Token": token, "Content-Type": "application/json"}
    url = urlsplit(cloud.identity_url)
    data = None if body is None else json.dumps(body).replace("NEW", uuid.uuid4().hex).encode()
    address = (str(url.hostname), url.port or 80)
    return request(address, method, f"{url.path}/v3{path}", headers, data)


def assert_same_status(caller: str, pair: ResponsePair) -> None:
    details = f"{caller}: the real one:\n{pair.real}\n\nthe embedded one:\n{pair.embedded}"
    assert pair.embedded.status == pair.real.status, details
