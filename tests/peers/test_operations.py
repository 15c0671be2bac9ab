"""Readiness and the access log of a gateway in front of a real Keystone and Glance."""

import time

import pytest

from tests.peers.peer_gateway import PeerGateway
from tests.support.http import request

pytestmark = pytest.mark.peers


def test_readiness_covers_both_services(cloud: PeerGateway) -> None:
    response = request(cloud.address, "GET", "/readiness")
    assert response.status == 200, str(response)
    assert set(response.json()["parts"]) == {"healthcheck", "keystone", "glance"}


def test_the_access_log_has_the_time_spent_in_glance(cloud: PeerGateway, image: str) -> None:
    response = cloud.request("owner", "GET", f"/v2.1/images/{image}")
    assert response.status == 200, str(response)
    request_id = response.header("X-Openstack-Request-Id") or ""
    line = _access_line(cloud, request_id)
    head, _, glance_seconds = line.rpartition(" operation: show_image glance: ")
    assert 0 < float(glance_seconds) < float(head.rpartition(" time: ")[2]), line


def _access_line(cloud: PeerGateway, request_id: str) -> str:
    """Return the line of a request, which is written shortly after the response was sent."""
    deadline = time.monotonic() + 20
    while True:
        lines = cloud.process.log.read_text().splitlines()
        found = [line for line in lines if request_id in line and "glimpse.access" in line]
        if found:
            return found[0]
        assert time.monotonic() < deadline, lines[-5:]
        time.sleep(0.02)
