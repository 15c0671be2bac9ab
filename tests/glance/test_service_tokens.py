"""A service's token beside the caller's: sent with each call, and renewed when it is refused."""

import pytest
from aiohttp import web

from glimpse.images import ImageQuery, PropertyChanges
from glimpse.images.errors import NotAuthenticated
from tests.glance.conftest import CALLER, Connect, Serve, document


class Tokens:
    """Gives the tokens of `left` one after the other, as they are refused."""

    def __init__(self, *left: str) -> None:
        self._left = list(left)
        self.closed = False

    async def token(self) -> str | None:
        return self._left[0] if self._left else None

    async def renewed(self, refused: str) -> str | None:
        if self._left[0] == refused and len(self._left) > 1:
            del self._left[0]
        return self._left[0] if self._left[0] != refused else None

    def close(self) -> None:
        self.closed = True


class Glance:
    """Lets in whom a good service speaks for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        assert request.headers["X-Auth-Token"] == CALLER.token
        service = request.headers.get("X-Service-Token", "none")
        self.calls.append(f"{request.method} {service}")
        if service != "good":
            return web.Response(status=401)
        if request.path == "/v2/images":
            return web.json_response({"images": [document(1)]})
        if request.path == "/v2/schemas/image":
            return web.json_response({"properties": {}})
        return web.json_response(document(1))


async def test_every_call_has_both_tokens(serve: Serve, connect: Connect) -> None:
    glance, tokens = Glance(), Tokens("good")
    images = connect(await serve(glance), service_tokens=tokens)
    [page async for page in images.list_images(CALLER, ImageQuery())]
    await images.change_properties(CALLER, "image-1", PropertyChanges(set={"a": "b"}))
    await images.delete_image(CALLER, "image-1")
    verbs = ["GET", "GET", "GET", "PATCH", "DELETE"]  # the list, the schema, and what was asked
    assert glance.calls == [f"{verb} good" for verb in verbs]
    await images.close()
    assert tokens.closed


async def test_a_token_that_is_refused_is_renewed_and_the_call_made_again(
    serve: Serve, connect: Connect
) -> None:
    glance = Glance()
    images = connect(await serve(glance), service_tokens=Tokens("old", "good"))
    await images.delete_image(CALLER, "image-1")
    assert glance.calls == ["DELETE old", "DELETE good"]


@pytest.mark.parametrize("tokens", [Tokens(), Tokens("bad")], ids=["none", "bad"])
async def test_a_caller_who_is_refused_is_told_so(
    serve: Serve, connect: Connect, tokens: Tokens
) -> None:
    glance = Glance()
    images = connect(await serve(glance), service_tokens=tokens)
    with pytest.raises(NotAuthenticated):
        await images.get_image(CALLER, "image-1")
    assert len(glance.calls) == 1
