"""The embedded Image API shows usage as a real Glance without limits in Keystone does."""

import pytest

from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("user", ["owner", "collector", None])
def test_usage_is_alike(services: ServicePair, user: str | None) -> None:
    services.image("GET", "/v2/info/usage", user=user).assert_alike()
    services.image("GET", "/v2/info/usage?x=y", user=user).assert_alike()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_other_methods_are_alike(services: ServicePair, method: str) -> None:
    services.image(method, "/v2/info/usage").assert_alike()


def test_too_many_properties_and_tags_have_the_same_message(services: ServicePair) -> None:
    properties = {f"k{number}": "x" for number in range(129)}
    tags = [f"t{number}" for number in range(129)]
    for document, message in ((properties, "properties"), ({"tags": tags}, "tags")):
        pair = services.image("POST", "/v2/images", document)
        pair.assert_alike()
        for response in pair:
            assert f"number of allowed image {message}. Attempted: 129" in response.body.decode()
