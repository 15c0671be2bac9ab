"""PeerCloud and PeerGateway: an image that is written to the database appears in the API."""

import uuid

import pytest

from tests.peers.conftest import DATES, OWNER
from tests.peers.peer_gateway import PeerGateway

pytestmark = pytest.mark.peers
IMAGE = {
    "id": str(uuid.uuid4()),
    "name": "put in place",
    "owner": OWNER.project_id,
    "status": "deactivated",
    "size": 7,
    **DATES,
    "tags": ["tag"],
    "key1": "value1",
}


def test_an_image_in_the_database_is_shown_through_keystone_and_glance(
    cloud: PeerGateway,
) -> None:
    cloud.put_images([IMAGE])
    response = cloud.request("owner", "GET", f"/v2.1/images/{IMAGE['id']}")
    assert response.status == 200, str(response)
    shown = response.json()["image"]
    assert (shown["created"], shown["updated"]) == (IMAGE["created_at"], IMAGE["updated_at"])
    assert (shown["status"], shown["OS-EXT-IMG-SIZE:size"]) == ("UNKNOWN", 7)
    assert shown["metadata"] == {"key1": "value1"}


def test_an_unknown_token_is_refused(cloud: PeerGateway) -> None:
    assert cloud.request("invalid", "GET", "/v2.1/images").status == 401
