"""A gateway that reads a real Glance's database: calls to Glance, order of reads.

Glance itself made the tables, in MariaDB or PostgreSQL.
"""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.peers.conftest import DATES, OWNER
from tests.peers.glance_databases import (
    start_mariadb,
    start_postgresql,
    start_replicated_mariadb,
    start_replicated_postgresql,
)
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Member

pytestmark = pytest.mark.peers
STRANGER = Member("stranger", f"{0x57:032x}")
METADATA = b'{"metadata": {"key2": "value2"}}'
ITEM = b'{"meta": {"key2": "value2"}}'
OPERATIONS = {
    "show": ("GET", "", None, []),
    "metadata": ("GET", "/metadata", None, []),
    "item": ("GET", "/metadata/key1", None, []),
    "metadata create": ("POST", "/metadata", METADATA, ["PATCH"]),
    "metadata replace": ("PUT", "/metadata", METADATA, ["PATCH"]),
    "item set": ("PUT", "/metadata/key2", ITEM, ["PATCH"]),
    "item delete": ("DELETE", "/metadata/key1", None, ["PATCH"]),
    "delete": ("DELETE", "", None, ["DELETE"]),
}


@pytest.fixture(
    scope="module",
    params=[
        start_mariadb,
        start_postgresql,
        start_replicated_mariadb,
        start_replicated_postgresql,
    ],
)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PeerGateway]:
    """A gateway of two workers that responds 503 rather than read from Glance's API."""
    directory = tmp_path_factory.mktemp("database")
    with (
        request.param(directory) as database,
        PeerCloud.start(directory / "peers", database=database) as peers,
    ):
        peers.add_members([OWNER, STRANGER])
        database.grant_reads()
        configuration = database.gateway_options
        if database.replica_url is not None:
            configuration += f"replica_connection = {database.replica_url}\n"
            configuration += "max_replica_lag = 0.5"  # so that it is read between the writes
        with PeerGateway.start(peers, configuration, workers=2) as cloud:
            yield cloud


def _put_image(cloud: PeerGateway) -> str:
    image_id = str(uuid.uuid4())
    document = {"id": image_id, "name": "gateway", "status": "active", "size": 7, "key1": "value1"}
    cloud.put_images([{**document, **DATES, "owner": OWNER.project_id}])
    return image_id


def _methods(cloud: PeerGateway) -> list[str]:
    """Return the methods of the calls to Glance, but for the image schema."""
    calls = [call for call in cloud.calls.pop_calls() if "/v2/schemas/" not in call]
    return [call.partition(" ")[0] for call in calls]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_reads_do_not_call_glance_and_writes_call_it_once(
    operation: str, cloud: PeerGateway
) -> None:
    method, path, body, expected = OPERATIONS[operation]
    image_id = _put_image(cloud)
    cloud.calls.pop_calls()
    response = cloud.request("owner", method, f"/v2.1/images/{image_id}{path}", body)
    assert response.status in (200, 204), str(response)
    assert _methods(cloud) == expected


@pytest.mark.parametrize("path", ["", "/detail", "/detail?limit=1", "?name=gateway"])
def test_lists_do_not_call_glance(path: str, cloud: PeerGateway) -> None:
    image_id = _put_image(cloud)
    cloud.calls.pop_calls()
    for user, expected in (("owner", True), ("stranger", False)):
        response = cloud.request(user, "GET", f"/v2.1/images{path}")
        assert response.status == 200, str(response)
        found = {image["id"] for image in response.json()["images"]}
        # Other tests leave images in the same Glance, with equal dates
        assert (image_id in found) == expected or (expected and len(found) == 1)
    assert _methods(cloud) == []


def test_every_read_sees_the_writes_that_were_acknowledged_before_it(cloud: PeerGateway) -> None:
    """Each request is a connection of its own, and so is for either of the two workers."""
    path = f"/v2.1/images/{_put_image(cloud)}/metadata"
    for number in range(40):
        body = json.dumps({"meta": {"number": str(number)}}).encode()
        written = cloud.request("owner", "PUT", f"{path}/number", body)
        assert written.status == 200, str(written)
        shown = cloud.request("owner", "GET", path).json()["metadata"]
        assert shown == {"key1": "value1", "number": str(number)}


def test_no_acknowledged_write_is_lost_through_two_workers(cloud: PeerGateway) -> None:
    path = f"/v2.1/images/{_put_image(cloud)}/metadata"
    cloud.token(OWNER.name)

    def write(number: int) -> int:
        body = json.dumps({"meta": {f"key-{number}": "x"}}).encode()
        return cloud.request("owner", "PUT", f"{path}/key-{number}", body).status

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(write, range(32))] == [200] * 32
    shown = cloud.request("owner", "GET", path).json()["metadata"]
    assert shown == {"key1": "value1", **{f"key-{number}": "x" for number in range(32)}}
