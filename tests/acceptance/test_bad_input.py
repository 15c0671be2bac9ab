"""Invalid requests to the Compute API get a response within seconds, and no 5xx."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.bad_requests import BODIES, HEADERS, ODD_METHODS
from tests.acceptance.tenancy import PROJECTS
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id

# ``/v2`` accepts a key of any form if no key has the usual form, and Glance stores this one.
LET_THROUGH = ("/v2", BODIES["NUL in a key"])


@pytest.fixture
def image(cloud: Cloud) -> Iterator[str]:
    image_id = str(uuid.uuid4())
    document = {"id": image_id, "name": "bad input", "status": "active", "key1": "value1"}
    dates = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}
    cloud.put_images([{**document, **dates, "owner": PROJECTS["owner"]}])
    yield image_id
    cloud.put_images([], absent=[image_id])


def assert_refused(response: Response) -> None:
    assert 400 <= response.status < 500, str(response)
    assert response.fault or response.status in (404, 413), str(response)
    assert response.body, str(response)


def assert_no_server_error(response: Response) -> None:
    assert response.status < 500, str(response)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("root", ["/v2", "/v2.1"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_bad_body_is_refused(
    body: bytes, root: str, method: str, cloud: Cloud, image: str
) -> None:
    response = cloud.request("owner", method, f"{root}/images/{image}/metadata", body)
    if isinstance(cloud, PeerGateway) and (root, body) == LET_THROUGH:
        assert_no_server_error(response)
    else:
        assert_refused(response)
    one = body.replace(b'"metadata"', b'"meta"')
    assert_refused(cloud.request("owner", "PUT", f"{root}/images/{image}/metadata/a", one))


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_body_of_10_mb_is_refused_before_it_is_sent(
    method: str, cloud: Cloud, image: str
) -> None:
    """The client announces the length and sends nothing: a server that waits for it times out."""
    length = [("Content-Length", "10000000"), ("X-Auth-Token", cloud.token("owner") or "")]
    target = f"/v2.1/images/{image}/metadata"
    assert request(cloud.address, method, target, length).status == 413


@pytest.mark.parametrize(
    "query",
    [
        "limit=" + "9" * 5000,
        "limit=-1",
        "limit=%00",
        "limit=%D9%A1",
        "marker=%00",
        "name=%ED%A0%80",
        "name=%FF",
        "offset=x",
        "page_size=-1",
        "changes-since=%00",
        "changes-since=2024-02-30",
        "changes-since=9999-12-31T23:59:59-23:59",
    ],
    ids=parameter_id,
)
def test_an_invalid_query_is_no_server_error(query: str, cloud: Cloud) -> None:
    for path in ("/v2.1/images", "/v2.1/images/detail", "/v2/images"):
        assert_no_server_error(cloud.request("owner", "GET", f"{path}?{query}"))


@pytest.mark.parametrize(
    "query", ["a=" + "x" * 100_000, "&" * 100_000, "=&" * 50_000], ids=parameter_id
)
def test_a_query_of_100_kb_is_no_server_error(query: str, cloud: Cloud) -> None:
    assert_no_server_error(cloud.request("owner", "GET", f"/v2.1/images?{query}"))


@pytest.mark.parametrize("method", ODD_METHODS)
def test_an_unusual_method_is_refused(method: str, cloud: Cloud, image: str) -> None:
    for path in ("/v2.1/images", f"/v2.1/images/{image}", f"/v2.1/images/{image}/metadata"):
        assert_refused(cloud.request("owner", method, path))


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[0])
def test_an_unusual_header_is_no_server_error(
    header: tuple[str, str], cloud: Cloud, image: str
) -> None:
    response = request(cloud.address, "GET", "/v2.1/images", [header])
    assert response.status == 401, str(response)
    body = b'{"metadata": {"a": "b"}}'
    target = f"/v2.1/images/{image}/metadata"
    assert_no_server_error(cloud.request("owner", "POST", target, body, [header]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.binary(max_size=40).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
    query=st.binary(max_size=40).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
    name=st.sampled_from(("name", "status", "server", "minRam", "changes-since", "property-a")),
)
def test_any_bytes_in_a_path_or_a_query_are_no_server_error(
    path: str, query: str, name: str, cloud: Cloud
) -> None:
    assert_no_server_error(cloud.request("owner", "GET", f"/v2.1/images/{path}"))
    assert_no_server_error(cloud.request("owner", "GET", f"/v2.1/images?{name}={query}"))
