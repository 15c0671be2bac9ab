"""What Compute has outside of images is 501, so that clients do not take it for deleted."""

import pytest

from glimpse.compute.unsupported_routes import match_unsupported_route
from tests.compute.test_api import OWNER, send_request


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("root", ["/v2.1", "/v2", f"/v2.1/{OWNER.project_id}"])
@pytest.mark.parametrize("path", ["/servers", "/servers/a/os-interface/b", "/os-keypairs/k"])
async def test_a_route_outside_of_images_is_501(method: str, root: str, path: str) -> None:
    response = await send_request(root + path, method=method)
    assert (response.status, response.fault) == (501, "notImplemented"), str(response)
    message = response.json()["notImplemented"]["message"]
    assert f"/{path.split('/')[1]} is not implemented" in message
    assert response.header("X-Openstack-Request-Id")


async def test_head_is_501_without_a_body() -> None:
    response = await send_request("/v2.1/servers", method="HEAD")
    assert (response.status, response.body) == (501, b"")


async def test_options_is_200_as_for_all_paths() -> None:
    assert (await send_request("/v2.1/servers", method="OPTIONS")).status == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v2.1/servers", {"X-Auth-Token": "wrong"}, 401),
        ("/v2.1/servers", {"X-OpenStack-Nova-API-Version": "9.9"}, 406),
        ("/v2.1/0123/servers", {}, 400),
        ("/v2.1/servers", {"Content-Type": "application/xml"}, 415),
    ],
)
async def test_an_invalid_request_is_refused_before(
    path: str, headers: dict[str, str], status: int
) -> None:
    response = await send_request(path, headers)
    assert response.status == status, str(response)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/server", "/abc", "/abc/nothing", "/images/x/members", "/x/servers", "/Servers"],
)
async def test_a_path_that_compute_does_not_have_stays_404(path: str) -> None:
    assert (await send_request(f"/v2.1{path}")).status == 404


def test_a_newline_at_the_end_of_the_path_is_ignored() -> None:
    assert match_unsupported_route("/v2.1", "/servers\n")
    assert match_unsupported_route("/v2.1", "/\n") is None
