"""OPTIONS and HEAD on the embedded Image and Identity APIs, beside Glance and Keystone."""

import pytest

from tests.peers.service_pair import ResponsePair, ServicePair

pytestmark = pytest.mark.peers

IMAGE_PATHS = (
    *("/", "/versions", "/v2/images", "/v2/images/x", "/v2/images/x/file"),
    *("/v2/images/x/members", "/v2/images/x/tags/a", "/v2/schemas/image", "/v2/nowhere"),
    *("/v2/info/import", "/v2/tasks", "/v2/metadefs/namespaces"),
)
IDENTITY_PATHS = (
    *("/", "/v3", "/v3/", "/v3/auth/tokens", "/v3/auth/projects", "/v3/auth/catalog"),
    *("/v3/projects", "/v3/users", "/v3/users/x", "/v3/users/x/projects", "/v3/domains"),
    *("/v3/services", "/v3/endpoints", "/v3/regions", "/v3/nowhere", "/nowhere"),
)


def methods(header: str | None) -> set[str]:
    """Return the methods in an Allow header; none without it."""
    return {method.strip() for method in (header or "").split(",")}


def assert_alike(pair: ResponsePair, *, compares_allow: bool = True) -> None:
    """Fail unless status, Allow, and whether there is a body are the same."""
    details = f"the real one:\n{pair.real}\n\nthe embedded one:\n{pair.embedded}"
    assert pair.embedded.status == pair.real.status, details
    assert bool(pair.embedded.body) == bool(pair.real.body), details
    if compares_allow:
        real, embedded = (methods(each.header("Allow")) for each in pair)
        assert embedded == real, details


@pytest.mark.parametrize("user", [None, "owner"])
@pytest.mark.parametrize("path", [*IMAGE_PATHS, "/nowhere", "/v2/info/stores"])
def test_options_on_the_image_api(services: ServicePair, path: str, user: str | None) -> None:
    assert_alike(services.image("OPTIONS", path, user=user))


@pytest.mark.parametrize("user", [None, "owner"])
@pytest.mark.parametrize("path", [*IDENTITY_PATHS, "/v3/groups"])
def test_options_on_the_identity_api(services: ServicePair, path: str, user: str | None) -> None:
    assert_alike(services.identity("OPTIONS", path, user=user))


@pytest.mark.parametrize("user", [None, "owner"])
@pytest.mark.parametrize("path", IMAGE_PATHS)
def test_head_on_the_image_api(services: ServicePair, path: str, user: str | None) -> None:
    assert_alike(services.image("HEAD", path, user=user))


@pytest.mark.parametrize("user", [None, "owner"])
@pytest.mark.parametrize("path", IDENTITY_PATHS)
def test_head_on_the_identity_api(services: ServicePair, path: str, user: str | None) -> None:
    assert_alike(services.identity("HEAD", path, user=user), compares_allow=False)
