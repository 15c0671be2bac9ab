"""Requests for which a real Glance responds with 500: the gateway responds with 400."""

import json

import pytest

from tests.peers.peer_gateway import PeerGateway

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("key", ["locations", "members", "properties", "ram_min"])
def test_a_filter_that_crashes_glance_is_a_400_that_names_it(cloud: PeerGateway, key: str) -> None:
    cloud.request("owner", "GET", "/v2.1/images")  # loads Glance's database relations
    response = cloud.request("owner", "GET", f"/v2.1/images?property-{key}=1")
    assert (response.status, response.fault) == (400, "badRequest"), str(response)
    assert f"'{key}'" in response.body.decode(), str(response)


@pytest.mark.parametrize("key", ["__class__", "__dict__", "base", "extra_properties"])
def test_a_key_that_crashes_glance_is_a_400_that_names_it(
    cloud: PeerGateway, image: str, key: str
) -> None:
    body = json.dumps({"metadata": {key: "v"}}).encode()
    response = cloud.request("owner", "POST", f"/v2.1/images/{image}/metadata", body)
    assert (response.status, response.fault) == (400, "badRequest"), str(response)
    assert f"'{key}'" in response.body.decode(), str(response)
