"""Concurrent writes to one image of a real Glance, whose PATCH alone loses some of them."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.peers.conftest import DATES, OWNER
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.http import Response

pytestmark = pytest.mark.peers
CLIENTS = 16
KEYS = [f"key-{number}" for number in range(64)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerGateway]:
    with PeerCloud.start(tmp_path_factory.mktemp("writers") / "peers") as peers:
        peers.add_members([OWNER])
        with PeerGateway.start(peers, "[quota]\nmetadata_items = -1\n", workers=2) as cloud:
            yield cloud


def test_no_acknowledged_write_is_lost_through_two_workers(cloud: PeerGateway) -> None:
    image_id = str(uuid.uuid4())
    image = {"id": image_id, "name": "written to", "status": "active", "size": 1}
    cloud.put_images([{**image, **DATES, "owner": OWNER.project_id}])
    cloud.token(OWNER.name)

    def write(key: str) -> Response:
        body = json.dumps({"meta": {key: key}}).encode()
        return cloud.request("owner", "PUT", f"/v2.1/images/{image_id}/metadata/{key}", body)

    with ThreadPoolExecutor(CLIENTS) as pool:
        responses = list(pool.map(write, KEYS))
    assert [str(response) for response in responses if response.status != 200] == []
    shown = cloud.request("owner", "GET", f"/v2.1/images/{image_id}/metadata").json()
    assert shown == {"metadata": {key: key for key in KEYS}}
