"""Invalid requests to the Compute API get a response within seconds, and no 5xx."""

import json
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.tenancy import PROJECTS
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id

BODIES = {
    "half an object": b'{"metadata": ',
    "another type": b'{"metadata": 5}',
    "a list": b'{"metadata": ["a"]}',
    "a value that is a list": b'{"metadata": {"a": ["b"]}}',
    "a lone surrogate": b'{"metadata": {"a": "\\ud800"}}',
    "a lone surrogate in a key": b'{"metadata": {"\\ud800": "a"}}',
    "NUL in a key": b'{"metadata": {"\\u0000": "a"}}',
    "a NUL byte": b"\x00",
    "not UTF-8": b'{"metadata": {"a": "\xff"}}',
    "UTF-16": '{"metadata": {"a": "b"}}'.encode("utf-16"),
    "more than a double": b'{"metadata": {"a": 1e999}}',
    "5,000 digits": b'{"metadata": {"a": ' + b"9" * 5000 + b"}}",
    "NaN": b'{"metadata": {"a": NaN}}',
    "a deep list": b"[" * 50_000 + b"]" * 50_000,
    "a mapping that is half JSON": b'{"metadata": {"block_device_mapping": "[1,"}}',
    "a deep mapping": b'{"metadata": {"mappings": "' + b"[" * 40_000 + b'"}}',
    "too many items": json.dumps({"metadata": {f"k{n}": "v" for n in range(129)}}).encode(),
}
# ``/v2`` lets a key of any form through when none has the usual one, and Glance keeps this one.
LET_THROUGH = ("/v2", BODIES["NUL in a key"])
HEADERS = (
    ("X-Auth-Token", "x" * 60_000),
    ("X-Auth-Token", "\udcff"),
    ("OpenStack-API-Version", "compute 2." + "9" * 5000),
    ("OpenStack-API-Version", "\udcff"),
    ("X-OpenStack-Nova-API-Version", "2.٣"),
    ("Content-Type", "\udcff"),
    ("Content-Type", "image/png"),
)
ODD_METHODS = ("FOO", "get", "PROPFIND", "TRACE", "PATCH", "X" * 200)


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


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
