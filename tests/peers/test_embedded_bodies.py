"""The embedded Image API refuses bodies where a real Glance refuses them."""

import pytest

from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
IMAGE = "/v2/images/{image}"
REQUESTS = [
    *(("GET", path) for path in ("/v2/images", IMAGE, f"{IMAGE}/file", f"{IMAGE}/members")),
    *(("GET", f"/v2/schemas/{name}") for name in ("image", "images", "member", "members")),
    *(("GET", f"{IMAGE}/members/x"), ("DELETE", f"{IMAGE}/members/x"), ("PUT", f"{IMAGE}/tags/x")),
    *(("DELETE", f"{IMAGE}/tags/x"), ("POST", f"{IMAGE}/actions/deactivate")),
    *(("POST", f"{IMAGE}/actions/reactivate"), ("DELETE", IMAGE), ("GET", "/v2/nothing")),
]


@pytest.mark.parametrize("body", [b"", b"{}", b"x"], ids=ascii)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_body_is_refused_alike(
    services: ServicePair, method: str, path: str, body: bytes
) -> None:
    for image in (services.create(tags=["x"]), "nothing"):
        pair = services.image(method, path.format(image=image), body)
        assert pair.embedded.status == pair.real.status, pair
