"""ComputeAPI: the checks before a handler is called, and the headers of responses."""

from collections.abc import Mapping

import pytest

from glimpse.compute.api import ComputeAPI
from glimpse.compute.image_routes import image_routes
from glimpse.compute.policy import ComputePolicy
from glimpse.http.request_middleware import RequestMiddleware
from glimpse.http.service_urls import ServicePorts
from glimpse.identity import RequestTarget, Unauthorized
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.images import Caller
from tests.compute.requests import make_operations
from tests.support import asgi
from tests.support.http import Response
from tests.support.memory_image_service import MemoryImageService
from tests.support.options import compute_options

OWNER = Caller("user", "abc", frozenset(("member",)))
TOKEN = {"X-Auth-Token": "token"}


class OneToken(NoAuthIdentity):
    """An identity that accepts one token."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self._caller = caller

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,  # noqa: ARG002  the port's
        target: RequestTarget | None = None,  # noqa: ARG002  the port's
    ) -> Caller:
        if token != TOKEN["X-Auth-Token"]:
            raise Unauthorized
        return self._caller


async def send_request(
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    caller: Caller = OWNER,
    service: MemoryImageService | None = None,
    glance_link_prefix: str | None = None,
) -> Response:
    async def image_service_url(_base_url: str) -> str:
        return "http://glance"

    options = compute_options(max_body_size=1000, glance_link_prefix=glance_link_prefix)
    routes = image_routes(make_operations(service or MemoryImageService()))
    api = ComputeAPI(routes, ComputePolicy(None), OneToken(caller), image_service_url, options)
    app = RequestMiddleware(
        api, ports=ServicePorts(8774), trust_proxy_headers=False, access_log=False
    )
    return await asgi.send_request(app, method, path, TOKEN | dict(headers or {}))


async def test_a_request_without_a_valid_token_is_unauthorized_whatever_the_path() -> None:
    for path in ("/v2.1/images", "/v2.1/nothing"):
        response = await send_request(path, {"X-Auth-Token": "wrong"})
        assert response.status == 401, str(response)
        assert response.header("WWW-Authenticate")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH"])
async def test_a_path_or_method_without_an_operation_is_not_found(method: str) -> None:
    response = await send_request("/v2.1/images/a/b/c/d", method=method)
    assert response.status == 404, str(response)


async def test_a_response_names_its_microversion_and_the_successor_api() -> None:
    response = await send_request("/v2.1/images", {"OpenStack-API-Version": "compute 2.30"})
    assert response.status == 200, str(response)
    assert response.header("OpenStack-API-Version") == "compute 2.30"
    assert response.header("Link") == '<http://glance/v2/images>; rel="successor-version"'


async def test_the_link_to_the_successor_has_the_prefix_of_other_links_to_glance() -> None:
    prefix = "https://cloud.example/image"
    response = await send_request("/v2.1/images", glance_link_prefix=prefix)
    assert response.header("Link") == f'<{prefix}/v2/images>; rel="successor-version"'


async def test_the_legacy_api_has_no_microversion() -> None:
    response = await send_request("/v2/images", {"OpenStack-API-Version": "compute nonsense"})
    assert response.status == 200, str(response)
    assert response.header("OpenStack-API-Version") is None


async def test_a_microversion_above_the_maximum_is_named_in_the_406() -> None:
    response = await send_request("/v2.1/images", {"OpenStack-API-Version": "compute 2.105"})
    assert response.status == 406, str(response)
    assert response.header("OpenStack-API-Version") == "compute 2.105"


async def test_the_path_of_another_project_is_a_bad_request() -> None:
    response = await send_request("/v2.1/def/images")
    assert (response.status, response.fault) == (400, "badRequest"), str(response)
    assert (await send_request("/v2.1/abc/images")).status == 200


async def test_a_caller_without_a_project_is_forbidden_to_read_images() -> None:
    response = await send_request("/v2.1/images", caller=Caller("user", None))
    assert (response.status, response.fault) == (403, "forbidden"), str(response)


async def test_a_list_that_the_client_already_has_is_a_304() -> None:
    service = MemoryImageService()
    service.create_image(OWNER, "a")
    first = await send_request("/v2.1/images", service=service)
    etag = first.header("ETag")
    assert etag is not None
    again = await send_request("/v2.1/images", {"If-None-Match": etag}, service=service)
    assert (again.status, again.body) == (304, b"")
