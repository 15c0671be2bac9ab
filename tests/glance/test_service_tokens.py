"""Service tokens of GlanceImageService: sent with each request, renewed when refused."""

import pytest
from aiohttp import web

from glimpse.images import ImageQuery, PropertyChanges
from glimpse.images.errors import NotAuthenticated
from tests.glance.conftest import CALLER, Connect, Serve, document


class Tokens:
    """Service tokens; the next one replaces a refused one."""

    def __init__(self, *tokens: str) -> None:
        self._left = list(tokens)
        self.closed = False

    async def token(self) -> str | None:
        return self._left[0] if self._left else None

    async def renew(self, refused: str) -> str | None:
        if self._left[0] == refused and len(self._left) > 1:
            del self._left[0]
        return self._left[0] if self._left[0] != refused else None

    async def close(self) -> None:
        self.closed = True


class Glance:
    """A Glance that accepts the service token ``good``, and records requests."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        assert request.headers["X-Auth-Token"] == CALLER.token
        service_token = request.headers.get("X-Service-Token", "none")
        self.requests.append(f"{request.method} {service_token}")
        if service_token != "good":
            return web.Response(status=401)
        if request.path == "/v2/images":
            return web.json_response({"images": [document(1)]})
        if request.path == "/v2/schemas/image":
            return web.json_response({"properties": {}})
        return web.json_response(document(1))


async def test_every_request_has_both_tokens(serve: Serve, connect: Connect) -> None:
    glance, tokens = Glance(), Tokens("good")
    images = connect(await serve(glance), service_tokens=tokens)
    [page async for page in images.list_images(CALLER, ImageQuery())]
    await images.change_properties(CALLER, "image-1", PropertyChanges(set={"a": "b"}))
    await images.delete_image(CALLER, "image-1")
    # A list, the schema, a change in two requests, and a delete.
    methods = ["GET", "GET", "GET", "PATCH", "DELETE"]
    assert glance.requests == [f"{method} good" for method in methods]
    await images.close()
    assert tokens.closed


async def test_refused_token_is_renewed_and_the_request_sent_again(
    serve: Serve, connect: Connect
) -> None:
    glance = Glance()
    images = connect(await serve(glance), service_tokens=Tokens("old", "good"))
    await images.delete_image(CALLER, "image-1")
    assert glance.requests == ["DELETE old", "DELETE good"]


@pytest.mark.parametrize("tokens", [Tokens(), Tokens("bad")], ids=["none", "bad"])
async def test_caller_is_not_authenticated_without_an_accepted_token(
    serve: Serve, connect: Connect, tokens: Tokens
) -> None:
    glance = Glance()
    images = connect(await serve(glance), service_tokens=tokens)
    with pytest.raises(NotAuthenticated):
        await images.get_image(CALLER, "image-1")
    assert len(glance.requests) == 1
