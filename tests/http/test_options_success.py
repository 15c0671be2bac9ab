"""OPTIONS on the Image and Identity APIs: 200 for every path, without a token."""

from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from glimpse.http.options_success import OptionsSuccessMiddleware
from glimpse.http.responses import send_response
from tests.support.asgi import send_request
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir = tmp_path_factory.mktemp("options") / "state"
    seed_identity(state_dir, [Member("demo", "a" * 32)])
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


def application(status: int) -> OptionsSuccessMiddleware:
    """Return a middleware over an application that responds with `status`, Allow and a text."""

    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(send, status, [(b"allow", b"GET"), (b"x-other", b"1")], b"text")

    return OptionsSuccessMiddleware(respond, kept={b"allow"})


@pytest.mark.parametrize("status", [300, 401, 404, 405, 501, 503])
async def test_a_response_without_success_becomes_an_empty_200(status: int) -> None:
    response = await send_request(application(status), "OPTIONS", "/")
    assert (response.status, response.body) == (200, b"")
    assert response.headers == (("allow", "GET"), ("content-length", "0"))


async def test_a_successful_response_to_options_is_kept() -> None:
    response = await send_request(application(201), "OPTIONS", "/")
    assert (response.status, response.body, response.header("x-other")) == (201, b"text", "1")


async def test_other_methods_are_passed_on() -> None:
    response = await send_request(application(404), "HEAD", "/")
    assert (response.status, response.header("x-other")) == (404, "1")


@pytest.mark.parametrize(
    "path",
    ["/", "/v2", "/v2/images", "/v2/images/x", "/v2/images/x/file", "/v2/nowhere", "/nowhere"],
)
def test_options_on_the_image_api_is_an_empty_200_without_a_token(
    cloud: EmbeddedCloud, path: str
) -> None:
    without: dict[str, str] = {}
    for headers in (without, {"X-Auth-Token": str(cloud.token("demo"))}):
        response = request(cloud.address, "OPTIONS", f"/image{path}", headers)
        assert (response.status, response.body, response.header("allow")) == (200, b"", None)
        assert response.header("vary") == "X-Auth-Token"
        assert response.header("x-openstack-request-id")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v3", "GET, HEAD, OPTIONS"),
        ("/v3/auth/tokens", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/v3/nowhere", None),
    ],
)
def test_options_on_the_identity_api_names_the_methods_of_a_path(
    cloud: EmbeddedCloud, path: str, allow: str | None
) -> None:
    response = request(cloud.address, "OPTIONS", f"/identity{path}")
    assert (response.status, response.body, response.header("allow")) == (200, b"", allow)
    assert response.header("vary") == "X-Auth-Token"


def test_options_on_the_versions_of_the_image_api_lists_them(cloud: EmbeddedCloud) -> None:
    response = request(cloud.address, "OPTIONS", "/image/versions")
    assert (response.status, [*response.json()]) == (200, ["versions"])


def test_head_is_405_where_glance_has_only_get(cloud: EmbeddedCloud) -> None:
    token = {"X-Auth-Token": str(cloud.token("demo"))}
    assert request(cloud.address, "HEAD", "/image/v2/images").status == 401
    response = request(cloud.address, "HEAD", "/image/v2/images", token)
    assert (response.status, response.header("allow")) == (405, "GET, POST")
    assert request(cloud.address, "HEAD", "/image/versions").status == 200
    assert request(cloud.address, "HEAD", "/identity/v3/auth/projects", token).status == 200
