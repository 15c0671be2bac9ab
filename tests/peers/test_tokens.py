"""Tokens of a real Keystone: expiry, revocation, access rules, and outages of Keystone."""

import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.peers.configuration import service_user
from tests.peers.conftest import DATES, OWNER
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import PASSWORD, issue_token
from tests.support.http import Response, request

pytestmark = pytest.mark.peers
SHORT_CACHE = "[keystone_authtoken]\ntoken_cache_time = 3\n"
IMAGE = {"id": str(uuid.uuid4()), "name": "image", "status": "active", "size": 7, **DATES}
TARGET = f"/v2.1/images/{IMAGE['id']}"
NEEDS_NO_GLANCE = "/v2.1/images?limit=abc"  # refused with a 400, once the caller is known
MAX_WAIT = 30.0  # seconds; only a test that fails waits for so long


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerCloud]:
    """A Keystone and Glance for this module only, because its tests stop Keystone."""
    with PeerCloud.start(tmp_path_factory.mktemp("tokens") / "peers") as peers:
        peers.add_members([OWNER])
        yield peers


@pytest.fixture
def cloud(peers: PeerCloud) -> Iterator[PeerGateway]:
    with PeerGateway.start(peers) as cloud:
        cloud.put_images([{**IMAGE, "owner": OWNER.project_id}])
        yield cloud


@pytest.fixture
def short_cache_cloud(peers: PeerCloud) -> Iterator[PeerGateway]:
    """A gateway that caches validated tokens for only a few seconds."""
    with PeerGateway.start(peers, SHORT_CACHE) as cloud:
        cloud.put_images([{**IMAGE, "owner": OWNER.project_id}])
        yield cloud


def send_request(cloud: PeerGateway, token: str, target: str = TARGET) -> Response:
    return request(cloud.address, "GET", target, {"X-Auth-Token": token})


def new_token(peers: PeerCloud) -> str:
    return issue_token(peers.identity_url, OWNER.name)


def statuses_until(status: int, send: Callable[[], Response]) -> list[int]:
    """Send requests until a response has this status; return all status codes."""
    deadline = time.monotonic() + MAX_WAIT
    seen: list[int] = []
    while True:
        response = send()
        seen.append(response.status)
        if response.status == status:
            return seen
        assert time.monotonic() < deadline, f"{seen}\n{response}"
        time.sleep(0.1)


def test_a_token_is_refused_once_it_expires_although_it_is_cached(cloud: PeerGateway) -> None:
    seconds = 4
    expired_at = time.time() + seconds + 1
    token = cloud.peers.identity.issue_short_token(OWNER.name, seconds)
    assert send_request(cloud, token).status == 200
    time.sleep(max(0.0, expired_at - time.time()))
    response = send_request(cloud, token)
    assert response.status == 401, str(response)
    assert response.header("WWW-Authenticate") == f'Keystone uri="{cloud.identity_url}"'


def test_a_revoked_token_is_refused(cloud: PeerGateway) -> None:
    token = new_token(cloud.peers)
    cloud.peers.identity.revoke(token)
    assert send_request(cloud, token).status == 401
    assert cloud.calls.pop_calls() == []


def test_a_cached_token_that_is_revoked_is_refused_after_the_cache_time(
    short_cache_cloud: PeerGateway,
) -> None:
    cloud = short_cache_cloud
    token = new_token(cloud.peers)
    assert send_request(cloud, token).status == 200
    cloud.peers.identity.revoke(token)
    assert set(statuses_until(401, lambda: send_request(cloud, token))) <= {200, 401}


def test_a_token_that_glance_refuses_is_refused(cloud: PeerGateway) -> None:
    """Glimpse has cached the token before it was revoked, and Glance has not."""
    token = new_token(cloud.peers)
    assert send_request(cloud, token, NEEDS_NO_GLANCE).status == 400
    cloud.peers.identity.revoke(token)
    response = send_request(cloud, token)
    assert response.status == 401, str(response)
    assert response.header("WWW-Authenticate"), str(response)
    assert cloud.calls.pop_calls() == [f"GET /v2/images/{IMAGE['id']}"]


def test_cached_tokens_are_accepted_while_keystone_restarts(cloud: PeerGateway) -> None:
    known, unknown = new_token(cloud.peers), new_token(cloud.peers)
    assert send_request(cloud, known).status == 200
    cloud.peers.keystone.stop()
    assert send_request(cloud, known).status == 200
    response = send_request(cloud, unknown)
    assert response.status == 503, str(response)
    assert response.header("Retry-After"), str(response)
    cloud.peers.keystone.start()
    cloud.peers.wait_for_keystone()
    for token in (known, unknown, new_token(cloud.peers)):
        response = send_request(cloud, token)
        assert response.status == 200, str(response)
    assert send_request(cloud, "unknown").status == 401


def test_keystone_may_start_after_glimpse(peers: PeerCloud) -> None:
    token = new_token(peers)
    peers.keystone.stop()
    with PeerGateway.start(peers) as cloud:
        assert send_request(cloud, token).status == 503
        peers.keystone.start()
        peers.wait_for_keystone()
        assert send_request(cloud, token, "/v2.1/images").status == 200


def test_glimpse_logs_in_again_when_its_own_token_is_revoked(cloud: PeerGateway) -> None:
    assert send_request(cloud, new_token(cloud.peers)).status == 200
    cloud.peers.identity.set_password("nova", PASSWORD)  # revokes all tokens of that user
    token = new_token(cloud.peers)
    # Keystone stores times in seconds: a token issued in the second of the change is revoked, too.
    assert set(statuses_until(200, lambda: send_request(cloud, token))) <= {200, 503}


def test_a_wrong_password_of_glimpse_is_a_503_for_callers(cloud: PeerGateway) -> None:
    known, unknown = new_token(cloud.peers), new_token(cloud.peers)
    assert send_request(cloud, known).status == 200
    cloud.peers.identity.set_password("nova", "another password")
    assert send_request(cloud, known).status == 200
    response = send_request(cloud, unknown)
    assert response.status == 503, str(response)
    cloud.peers.identity.set_password("nova", PASSWORD)
    assert set(statuses_until(200, lambda: send_request(cloud, unknown))) <= {200, 503}


def test_the_log_has_no_token_and_no_password(cloud: PeerGateway) -> None:
    token = new_token(cloud.peers)
    send_request(cloud, token)
    cloud.peers.identity.revoke(token)
    send_request(cloud, token)
    log = cloud.process.log.read_text()
    assert TARGET in log
    assert token not in log
    assert PASSWORD not in log


def test_access_rules_restrict_a_token_in_compute_and_in_glance(cloud: PeerGateway) -> None:
    show = [("image", "GET", "/v2/images/*"), ("compute", "GET", "/v2.1/images/{image_id}")]
    token = cloud.peers.identity.issue_restricted_token(OWNER.name, show)
    response = send_request(cloud, token)
    assert response.status == 200, str(response)
    for target in (f"{TARGET}/metadata", "/v2.1/images", "/v2.1/images?limit=abc", "/v2.1/nothing"):
        response = send_request(cloud, token, target)
        assert response.status == 401, f"{target}\n{response}"
    headers = {"X-Auth-Token": token}
    assert request(cloud.address, "DELETE", TARGET, headers).status == 401
    only_compute = cloud.peers.identity.issue_restricted_token(
        OWNER.name, [("compute", "GET", "/v2.1/**")]
    )
    assert send_request(cloud, only_compute).status == 401, (
        "Glance accepted a token whose access rules do not allow it"
    )
    assert send_request(cloud, only_compute, NEEDS_NO_GLANCE).status == 400


def test_with_a_service_token_glance_ignores_access_rules(peers: PeerCloud) -> None:
    """With [service_user], only the access rules of Compute apply, as in front of nova."""
    section = service_user(peers.identity_url)
    only_compute = peers.identity.issue_restricted_token(
        OWNER.name, [("compute", "GET", "/v2.1/images/*")]
    )
    with PeerGateway.start(peers, section) as cloud:
        cloud.put_images([{**IMAGE, "owner": OWNER.project_id}])
        response = send_request(cloud, only_compute)
        assert response.status == 200, str(response)
        assert send_request(cloud, only_compute, "/v2.1/images").status == 401
