"""The number of requests that the gateway sends to Glance for each operation."""

import math
import uuid
from collections.abc import Iterator

import pytest

from tests.peers.conftest import COLLECTOR, DATES
from tests.peers.peer_gateway import PeerGateway

pytestmark = pytest.mark.peers
MANY = 2500
METADATA = b'{"metadata": {"key2": "value2"}}'
ONE_ITEM = b'{"meta": {"key2": "value2"}}'
OPERATIONS = {
    "show": ("GET", "", None, ["GET"]),
    "metadata": ("GET", "/metadata", None, ["GET"]),
    "item": ("GET", "/metadata/key1", None, ["GET"]),
    "metadata create": ("POST", "/metadata", METADATA, ["GET", "PATCH"]),
    "metadata replace": ("PUT", "/metadata", METADATA, ["GET", "PATCH"]),
    "item set": ("PUT", "/metadata/key2", ONE_ITEM, ["GET", "PATCH"]),
    "item delete": ("DELETE", "/metadata/key1", None, ["GET", "PATCH"]),
    "delete": ("DELETE", "", None, ["DELETE"]),
}
LISTS = {
    "": 3,  # pages of 1,000
    "/detail": 3,
    "?limit=25": 1,
    "/detail?limit=999": 1,
    "?limit=1000": 2,  # the second, with limit=1, shows if there is a next page
    "?name=nobody": 1,
}


@pytest.fixture(scope="module")
def many(cloud: PeerGateway) -> Iterator[list[str]]:
    """The ids of all images that COLLECTOR lists: MANY of its own, and the public ones."""
    ids = [str(uuid.uuid4()) for _ in range(MANY)]
    common = {"status": "active", "size": 1, "owner": COLLECTOR.project_id, "os_distro": "debian"}
    # Other tests leave public images in the same Glance.
    listed = cloud.request("collector", "GET", "/v2.1/images").json()["images"]
    cloud.put_images([{"id": each, "name": each[:8], **common, **DATES} for each in ids])
    yield [*ids, *(image["id"] for image in listed)]
    cloud.put_images([], absent=ids)


@pytest.fixture(autouse=True)
def _schema_is_known(cloud: PeerGateway, image: str) -> None:
    """Have the gateway cache Glance's schema, which writes need; forget the calls so far."""
    cloud.request("owner", "PUT", f"/v2.1/images/{image}/metadata/key1", b'{"meta": {"key1": "x"}}')
    cloud.calls.pop_calls()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_on_an_image_takes_the_expected_calls(
    operation: str, cloud: PeerGateway, image: str
) -> None:
    method, path, body, calls = OPERATIONS[operation]
    response = cloud.request("owner", method, f"/v2.1/images/{image}{path}", body)
    assert response.status < 300, str(response)
    assert cloud.calls.pop_calls() == [f"{call} /v2/images/{image}" for call in calls]


@pytest.mark.parametrize("query", LISTS)
def test_a_list_takes_a_call_for_each_page_of_1000(
    query: str, cloud: PeerGateway, many: list[str]
) -> None:
    response = cloud.request("collector", "GET", f"/v2.1/images{query}")
    assert response.status == 200, str(response)
    calls = cloud.calls.pop_calls()
    assert len(calls) == LISTS[query], calls
    assert {image["id"] for image in response.json()["images"]} <= set(many)


def test_a_list_without_a_limit_has_every_image_once(cloud: PeerGateway, many: list[str]) -> None:
    images = cloud.request("collector", "GET", "/v2.1/images/detail").json()["images"]
    assert sorted(image["id"] for image in images) == sorted(many)


def test_next_links_lead_to_every_image_once(cloud: PeerGateway, many: list[str]) -> None:
    found: list[str] = []
    target: str | None = "/v2.1/images?limit=500"
    while target is not None:
        page = cloud.request("collector", "GET", target).json()
        found += [image["id"] for image in page["images"]]
        links = {link["rel"]: link["href"] for link in page.get("images_links", ())}
        target = links["next"].removeprefix(cloud.process.base_url) if links else None
    assert sorted(found) == sorted(many)
    assert len(cloud.calls.pop_calls()) == math.ceil(len(many) / 500)
