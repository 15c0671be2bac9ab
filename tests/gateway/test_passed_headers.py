"""Headers that the gateway forwards to Glance, and from Glance to the client."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gateway.conftest import image_document
from tests.support.cloud import EmbeddedCloud, issue_token
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.gateway import GatewayCloud, gateway
from tests.support.http import request

IMAGE = image_document("the image of passed-on headers")
SHOW = f"/v2.1/images/{IMAGE['id']}"
OPERATIONS = [
    ("GET", "/v2.1/images", None),
    ("GET", SHOW, None),
    ("PUT", f"{SHOW}/metadata/key", b'{"meta": {"key": "value"}}'),
    ("DELETE", SHOW, None),
]


class GatewaySetup(NamedTuple):
    cloud: GatewayCloud
    glance: FaultProxy
    calls: list[dict[str, str]]


@pytest.fixture
def setup(backend: EmbeddedCloud, tmp_path: Path) -> Iterator[GatewaySetup]:
    """A gateway, and the headers of each request that it sends to Glance."""
    backend.put_images([IMAGE])
    calls: list[dict[str, str]] = []

    def record(call: bytes) -> bool:
        lines = call.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        fields = [line.partition(": ") for line in lines[1:]]
        calls.append({name.lower(): value for name, _, value in fields} | {"line": lines[0]})
        return False  # do not replace the response

    with FaultProxy(backend.address) as glance:
        glance.fail(Fault("respond"), when=record)
        sections = {"glance": {"api_servers": f"{glance.base_url}/image", "num_retries": 0}}
        with gateway(tmp_path / "gateway", backend, sections) as cloud:
            yield GatewaySetup(cloud, glance, calls)


@pytest.mark.parametrize(("method", "target", "body"), OPERATIONS)
@pytest.mark.parametrize("is_global", [True, False])
def test_requests_to_glance_carry_the_callers_token_and_request_id(
    setup: GatewaySetup, method: str, target: str, body: bytes | None, *, is_global: bool
) -> None:
    token, global_id = issue_token(setup.cloud.identity_url, "owner"), f"req-{uuid.uuid4()}"
    headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
    if is_global:
        headers["X-Openstack-Request-Id"] = global_id
    response = request(setup.cloud.address, method, target, headers, body)
    assert response.status in (200, 204), str(response)
    own_id = response.header("X-Openstack-Request-Id")
    assert own_id not in (None, global_id)
    assert setup.calls
    assert {call["x-auth-token"] for call in setup.calls} == {token}
    passed_on = {call["x-openstack-request-id"] for call in setup.calls}
    assert passed_on == {global_id if is_global else own_id}


def test_malformed_request_id_is_not_forwarded(setup: GatewaySetup) -> None:
    headers = {"X-Auth-Token": setup.cloud.token("owner") or ""}
    headers["X-Openstack-Request-Id"] = 'req-1"; DROP'
    response = request(setup.cloud.address, "GET", SHOW, headers)
    assert response.status == 200, str(response)
    passed_on = {call["x-openstack-request-id"] for call in setup.calls}
    assert passed_on == {response.header("X-Openstack-Request-Id")}


def test_schema_is_fetched_once_for_many_requests(setup: GatewaySetup) -> None:
    for _ in range(5):
        assert setup.cloud.request("owner", "GET", SHOW).status == 200
    lines = [call["line"].split()[1].removeprefix("/image") for call in setup.calls]
    assert sorted(lines) == ["/v2/images/" + IMAGE["id"]] * 5 + ["/v2/schemas/image"]


@pytest.mark.parametrize(
    ("status", "received", "sent"),
    [(503, "7", "7"), (429, "7", "7"), (503, "tomorrow", "1"), (503, "999999", "3600")],
)
def test_retry_after_of_glance_is_forwarded_within_limits(
    setup: GatewaySetup, status: int, received: str, sent: str
) -> None:
    raw = f"HTTP/1.1 {status} -\r\nRetry-After: {received}\r\nContent-Length: 0\r\n\r\n".encode()
    setup.cloud.token("owner")
    setup.glance.fail(Fault("respond", respond=lambda _request: raw))
    response = setup.cloud.request("owner", "GET", SHOW)
    assert (response.status, response.header("Retry-After")) == (503, sent), str(response)
