"""The rig itself: what is put in place is what the real services show."""

import uuid
from collections.abc import Iterator

import pytest

from tests.peers.cloud import GatewayCloud
from tests.support.cloud import Member

pytestmark = pytest.mark.peers
OWNER = Member("owner", uuid.uuid4().hex)
IMAGE = {
    "id": str(uuid.uuid4()),
    "name": "put in place",
    "owner": OWNER.project_id,
    "status": "deactivated",
    "size": 7,
    "created_at": "2024-02-01T10:20:30Z",
    "updated_at": "2024-03-01T11:21:31Z",
    "tags": ["tag"],
    "key1": "value1",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayCloud]:
    with GatewayCloud.start_all(tmp_path_factory.mktemp("rig") / "peers", [OWNER]) as cloud:
        cloud.put_images([IMAGE])
        yield cloud


def test_an_image_put_into_the_tables_is_shown_through_keystone_and_glance(
    cloud: GatewayCloud,
) -> None:
    answer = cloud.ask("owner", "GET", f"/v2.1/images/{IMAGE['id']}")
    assert answer.status == 200, str(answer)
    shown = answer.json()["image"]
    assert (shown["created"], shown["updated"]) == (IMAGE["created_at"], IMAGE["updated_at"])
    assert (shown["status"], shown["OS-EXT-IMG-SIZE:size"]) == ("UNKNOWN", 7)
    assert shown["metadata"] == {"key1": "value1"}


def test_calls_to_glance_are_counted(cloud: GatewayCloud) -> None:
    cloud.ask("owner", "GET", f"/v2.1/images/{IMAGE['id']}")
    cloud.calls.take()
    cloud.ask("owner", "GET", f"/v2.1/images/{IMAGE['id']}")
    assert cloud.calls.take() == [f"GET /v2/images/{IMAGE['id']}"]


def test_an_unknown_token_is_refused(cloud: GatewayCloud) -> None:
    assert cloud.ask("invalid", "GET", "/v2.1/images").status == 401
