"""Single tags of images are added and removed as in a real Glance."""

import pytest

from tests.peers.conftest import USERS
from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
TAGS = (
    *("a", "A", "t", "T", "a%20b", "a+b", "a%3Fb%23c%26d", "%25", "a,b", "..", "%2E", "tags"),
    *("x" * 255, "x" * 256, "a%2Fb", "a/b", "", "%20", "%09"),
)


@pytest.mark.parametrize("tag", TAGS, ids=lambda tag: tag[:20])
def test_a_tag_is_added_and_removed_alike(services: ServicePair, tag: str) -> None:
    image = f"/v2/images/{services.create(tags=['t'])}"
    for method in ("DELETE", "PUT", "PUT"):
        services.image(method, f"{image}/tags/{tag}").assert_alike()
        services.image("GET", image).assert_alike()
    for _ in range(2):
        services.image("DELETE", f"{image}/tags/{tag}").assert_alike()
        services.image("GET", image).assert_alike()


@pytest.mark.parametrize("user", [user.name for user in USERS])
@pytest.mark.parametrize("visibility", ["private", "shared", "community"])
def test_callers_may_change_the_tags_of_the_same_images(
    services: ServicePair, user: str, visibility: str
) -> None:
    image = f"/v2/images/{services.create(visibility=visibility, tags=['t'])}"
    for method, tag in (("PUT", "new"), ("PUT", "t"), ("DELETE", "t"), ("DELETE", "none")):
        services.image(method, f"{image}/tags/{tag}", user=user).assert_alike()
    services.image("PUT", f"{image}/tags/{'x' * 256}", user=user).assert_alike()
    services.image("GET", image).assert_alike()


def test_the_quota_of_tags_is_the_same(services: ServicePair) -> None:
    image = f"/v2/images/{services.create(tags=[f't{number}' for number in range(127)])}"
    for method, tag in (("PUT", "new"), ("PUT", "t0"), ("PUT", "one too many"), ("DELETE", "t0")):
        services.image(method, f"{image}/tags/{tag.replace(' ', '%20')}").assert_alike()
        services.image("GET", image).assert_alike()


def test_other_requests_have_the_same_response(services: ServicePair) -> None:
    tag = f"/v2/images/{services.create(tags=['t'])}/tags/t"
    for method in ("GET", "HEAD", "POST", "PATCH"):
        pair = services.image(method, tag)
        assert pair.embedded.status == pair.real.status == 405, pair
        assert pair.embedded.header("Allow") == pair.real.header("Allow")
    for path in (f"{tag}/", f"{tag}/x", tag.removesuffix("/t"), "/v2/images/nothing/tags/t"):
        services.image("PUT", path).assert_alike()
        services.image("DELETE", path).assert_alike()
    services.image("PUT", tag, b"x").assert_alike()
    services.image("PUT", tag, {"a": 1}).assert_alike()
    services.image("DELETE", tag, b"x").assert_alike()
