"""Invalid requests to routes of servers get a response in seconds, and no 5xx but 501."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.bad_requests import BODIES, HEADERS, ODD_METHODS
from tests.acceptance.server_roles import NEW, SNAPSHOT, CloudWithServers, start
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id

ROOTS = ("/v2.1", "/v2")
CREATE_IMAGE = {
    name: body.replace(b'"metadata"', b'"createImage"') for name, body in BODIES.items()
}
# Values that a JSON parser accepts, as the value of each attribute of a body.
VALUES = (
    "[" * 1000 + "]" * 1000,
    "9" * 4000,
    "1e999",
    "NaN",
    '"\\ud800"',
    '"\\u0000"',
    "true",
    '""',
)
QUERIES = (
    *("limit=" + "9" * 5000, "limit=-1", "limit=%00", "limit=%D9%A1", "marker=%00", "marker=%FF"),
    *("name=%ED%A0%80", "name=%FF", "name=" + "(" * 5000, "name=^" + ".*" * 5000 + "$"),
    *("changes-since=%00", "changes-before=9999-12-31T23:59:59-23:59", "status=%F0%9F%98%80"),
    *("sort_key=%00", "sort_key=x", "sort_dir=up", "all_tenants=%00", "all_tenants=maybe"),
    *("minRam=" + "9" * 5000, "minRam=x", "minDisk=%00", "is_public=x", "limit=1&marker=nosuch"),
    *("tags=" + "," * 50_000, "a=" + "x" * 100_000, "&" * 100_000, "locked=x"),
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWithServers]:
    with start(tmp_path_factory.mktemp("bad"), []) as started:
        yield started


@pytest.fixture(scope="module")
def server_id(cloud: CloudWithServers) -> str:
    return cloud.make_server()


def send(
    cloud: CloudWithServers, method: str, target: str, body: bytes | None = None, **more: str
) -> Response:
    headers = [("X-Auth-Token", cloud.tokens["member"]), ("Content-Type", "application/json")]
    headers += [(name.replace("_", "-"), value) for name, value in more.items()]
    return request(cloud.cloud.address, method, target, headers, body)


def assert_refused(response: Response) -> None:
    assert 400 <= response.status < 500, str(response)
    assert response.body, str(response)


def assert_no_server_error(response: Response) -> None:
    assert response.status < 500, str(response)


@pytest.mark.parametrize("body", CREATE_IMAGE.values(), ids=CREATE_IMAGE)
@pytest.mark.parametrize("root", ROOTS)
def test_a_bad_body_is_refused(
    root: str, body: bytes, cloud: CloudWithServers, server_id: str
) -> None:
    assert_refused(send(cloud, "POST", f"{root}/servers/{server_id}/action", body))
    server = body.replace(b'"createImage"', b'"server"')
    assert_refused(send(cloud, "POST", f"{root}/servers", server))


def bodies_with(value: str) -> Iterator[tuple[str, str]]:
    """Yield the name of an attribute, and a body in which it has `value` as its JSON text."""
    for document in (SNAPSHOT, NEW):
        ((name, attributes),) = document.items()
        more: Any = {"metadata": {}, "networks": "auto", "key_name": "", "description": ""}
        more |= {"min_count": 1, "block_device_mapping_v2": [], "availability_zone": "", "tags": []}
        for attribute in attributes if name == "createImage" else {**attributes, **more}:
            body = json.dumps({name: {**attributes, attribute: "VALUE"}})
            yield attribute, body.replace('"VALUE"', value)


@pytest.mark.parametrize("value", VALUES, ids=parameter_id)
@pytest.mark.parametrize("microversion", ["2.1", "2.100"])
def test_an_odd_value_of_an_attribute_is_no_server_error(
    microversion: str, value: str, cloud: CloudWithServers, server_id: str
) -> None:
    version = {"OpenStack_API_Version": f"compute {microversion}"}
    for _, body in bodies_with(value):
        path = f"/servers/{server_id}/action" if "createImage" in body else "/servers"
        assert_no_server_error(send(cloud, "POST", f"/v2.1{path}", body.encode(), **version))
        assert_no_server_error(send(cloud, "POST", f"/v2{path}", body.encode()))


@pytest.mark.parametrize("query", QUERIES, ids=parameter_id)
def test_an_invalid_query_is_no_server_error(query: str, cloud: CloudWithServers) -> None:
    for collection in ("servers", "flavors"):
        for path in (f"/v2.1/{collection}", f"/v2.1/{collection}/detail", f"/v2/{collection}"):
            assert_no_server_error(send(cloud, "GET", f"{path}?{query}"))


@pytest.mark.parametrize("method", ODD_METHODS)
def test_an_unusual_method_is_refused_or_not_implemented(
    method: str, cloud: CloudWithServers, server_id: str
) -> None:
    for path in ("/servers", f"/servers/{server_id}", f"/servers/{server_id}/action"):
        response = send(cloud, method, f"/v2.1{path}")
        assert 400 <= response.status < 500 or response.status == 501, str(response)


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[0])
def test_an_unusual_header_is_no_server_error(
    header: tuple[str, str], cloud: CloudWithServers, server_id: str
) -> None:
    headers = [("X-Auth-Token", cloud.tokens["member"]), header]
    body = json.dumps(SNAPSHOT).encode()
    target = f"/v2.1/servers/{server_id}/action"
    assert_no_server_error(request(cloud.cloud.address, "POST", target, headers, body))
    assert_no_server_error(request(cloud.cloud.address, "GET", "/v2.1/servers", headers))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.binary(max_size=40).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
    query=st.binary(max_size=40).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
    name=st.sampled_from(("name", "status", "marker", "tags", "changes-since", "limit")),
)
def test_any_bytes_in_a_path_or_a_query_are_no_server_error(
    path: str, query: str, name: str, cloud: CloudWithServers
) -> None:
    for collection in ("servers", "flavors"):
        response = send(cloud, "GET", f"/v2.1/{collection}/{path}")
        assert response.status < 500 or response.status == 501, str(response)
    assert_no_server_error(send(cloud, "GET", f"/v2.1/servers?{name}={query}"))
