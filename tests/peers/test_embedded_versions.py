"""The versions of the Image API, and its health check, are those of a real Glance."""

from typing import Any

import pytest

from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
NUMBERS = [*(f"v2.{minor}" for minor in range(20)), *("v1", "v3", "V2", "v2.", "v", "v2.017", "x")]


def versions(document: Any) -> list[tuple[str, str]]:
    return [(each["id"], each["status"]) for each in document["versions"]]


@pytest.mark.parametrize("user", ["owner", None])
@pytest.mark.parametrize("path", ["/", "/versions", "/versions/", "/versions/x", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_the_same_versions_are_listed(
    services: ServicePair, method: str, path: str, user: str | None
) -> None:
    pair = services.image(method, path, user=user)
    assert pair.embedded.status == pair.real.status, pair
    if method != "HEAD":
        assert versions(pair.embedded.json()) == versions(pair.real.json())


@pytest.mark.parametrize("number", NUMBERS)
def test_the_same_versions_have_paths(services: ServicePair, number: str) -> None:
    for path in ("/images?lot=none", "/images/nothing", "/schemas/member"):
        for user in ("owner", None):
            pair = services.image("GET", f"/{number}{path}", user=user)
            assert pair.embedded.status == pair.real.status, pair


@pytest.mark.parametrize("path", [f"/healthcheck{rest}" for rest in ("", "/", "/x", "x")])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_health_check_has_the_same_response(
    services: ServicePair, method: str, path: str, accept: str
) -> None:
    pair = services.image(method, path, headers={"Accept": accept}, user=None)
    assert pair.embedded.status == pair.real.status, pair
    if accept == "*/*" and pair.real.status == 200:
        assert pair.embedded.body == pair.real.body
