"""The JSON schemas are those of a real Glance, but for the descriptions."""

import pytest

from tests.peers.service_pair import ServicePair, without_descriptions

pytestmark = pytest.mark.peers
NAMES = ("image", "images", "member", "members", "task", "tasks")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_the_same(services: ServicePair, name: str) -> None:
    pair = services.image("GET", f"/v2/schemas/{name}")
    real, embedded = (without_descriptions(response.json()) for response in pair)
    assert embedded == real


@pytest.mark.parametrize("name", ["x", "image/", "images/x", "Image", ""])
def test_another_schema_has_the_same_response(services: ServicePair, name: str) -> None:
    services.image("GET", f"/v2/schemas/{name}").assert_alike()
    services.image("PUT", f"/v2/schemas/{name}").assert_alike()
