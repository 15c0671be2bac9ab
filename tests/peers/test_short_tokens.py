"""Tokens that expire after seconds: the one of Glimpse itself and those of callers."""

import time
from collections.abc import Iterator

import pytest

from tests.peers.conftest import OWNER
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import issue_token
from tests.support.http import Response, request

pytestmark = pytest.mark.peers
SECONDS = 4
LIST = "/v2.1/images"
NEEDS_NO_GLANCE = "/v2.1/images?limit=abc"  # refused with a 400, once the caller is known


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerGateway]:
    directory = tmp_path_factory.mktemp("short") / "peers"
    with PeerCloud.start(directory, token_seconds=SECONDS) as peers:
        peers.add_members([OWNER])
        with PeerGateway.start(peers) as cloud:
            yield cloud


def send_request(
    cloud: PeerGateway, target: str, token: str, service_token: str | None = None
) -> Response:
    headers = {"X-Auth-Token": token}
    if service_token:
        headers["X-Service-Token"] = service_token
    return request(cloud.address, "GET", target, headers)


def new_token(cloud: PeerGateway) -> str:
    return issue_token(cloud.identity_url, OWNER.name)


def wait_until_tokens_expire() -> None:
    time.sleep(SECONDS + 1)


def test_glimpse_renews_its_own_token_when_that_expires(cloud: PeerGateway) -> None:
    for _ in range(3):
        response = send_request(cloud, LIST, new_token(cloud))
        assert response.status == 200, str(response)
        wait_until_tokens_expire()
    assert send_request(cloud, LIST, new_token(cloud)).status == 200


def test_an_expired_token_is_accepted_only_with_a_service_token(cloud: PeerGateway) -> None:
    seen, unseen = new_token(cloud), new_token(cloud)
    assert send_request(cloud, NEEDS_NO_GLANCE, seen).status == 400
    wait_until_tokens_expire()
    for expired in (seen, unseen):
        assert send_request(cloud, NEEDS_NO_GLANCE, expired).status == 401
        service_token = cloud.peers.identity.issue_service_token("glance")
        assert send_request(cloud, NEEDS_NO_GLANCE, expired, service_token).status == 400
        assert send_request(cloud, NEEDS_NO_GLANCE, expired).status == 401
        assert send_request(cloud, NEEDS_NO_GLANCE, expired, new_token(cloud)).status == 401
