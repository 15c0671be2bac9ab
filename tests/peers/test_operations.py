"""What operators look at, with a real Keystone and a real Glance behind it."""

import time

import pytest

from tests.peers.peer_gateway import PeerGateway
from tests.support.http import request

pytestmark = pytest.mark.peers


def test_both_services_are_found_ready(cloud: PeerGateway) -> None:
    response = request(cloud.address, "GET", "/readiness")
    assert response.status == 200, str(response)
    assert set(response.json()["parts"]) == {"healthcheck", "keystone", "glance"}


def test_the_access_line_has_glances_time(cloud: PeerGateway, image: str) -> None:
    response = cloud.request("owner", "GET", f"/v2.1/images/{image}")
    assert response.status == 200, str(response)
    request_id = response.header("X-Openstack-Request-Id") or ""
    line = _access_line(cloud, request_id)
    head, _, glance_seconds = line.rpartition(" operation: show_image glance: ")
    assert 0 < float(glance_seconds) < float(head.rpartition(" time: ")[2]), line


def _access_line(cloud: PeerGateway, request_id: str) -> str:
    """The request's line: written right after the answer was sent."""
    deadline = time.monotonic() + 20
    while True:
        lines = cloud.process.log.read_text().splitlines()
        found = [line for line in lines if request_id in line and "glimpse.access" in line]
        if found:
            return found[0]
        assert time.monotonic() < deadline, lines[-5:]
        time.sleep(0.02)
