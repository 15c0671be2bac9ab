"""GlanceImageService with a Glance that fails in unusual ways."""

import asyncio

import pytest
from aiohttp import web

from glimpse.images import ImageQuery, PropertyChanges
from glimpse.images.errors import Forbidden, ImageNotFound, Invalid, InvalidResponse, Unavailable
from tests.glance.conftest import CALLER, Connect, Serve, document


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '{"id": "image-1", "na', "[]", "{}"])
async def test_response_that_is_no_image_is_an_invalid_response(
    serve: Serve, connect: Connect, body: str
) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    with pytest.raises(InvalidResponse):
        await connect(await serve(handle)).get_image(CALLER, "image-1")


async def test_redirect_is_an_invalid_response(serve: Serve, connect: Connect) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        raise web.HTTPFound(request.path)

    with pytest.raises(InvalidResponse):
        await connect(await serve(handle)).get_image(CALLER, "image-1")


async def test_other_servers_are_used_when_one_fails(serve: Serve, connect: Connect) -> None:
    async def broken(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    async def working(_request: web.BaseRequest) -> web.Response:
        return web.json_response(document(1))

    service = connect(await serve(broken), await serve(working), "http://127.0.0.1:1")
    for _ in range(5):
        assert (await service.get_image(CALLER, "image-1")).id == "image-1"


async def test_500_that_the_request_has_caused_is_invalid_and_not_retried(
    serve: Serve, connect: Connect
) -> None:
    methods: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        methods.append(request.method)
        if request.method == "PATCH" or "ram_min" in request.query:
            return web.Response(status=500)
        return web.json_response(document(1, key1="value"))

    service = connect(await serve(handle), num_retries=3)
    with pytest.raises(Invalid, match="cannot filter by 'ram_min'"):
        [
            page
            async for page in service.list_images(CALLER, ImageQuery(properties={"ram_min": "1"}))
        ]
    await service.get_image(CALLER, "image-1")  # the first time, the schema is requested, too
    with pytest.raises(Invalid, match="cannot tell the key 'KEY1' from 'key1'"):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"KEY1": "v"}))
    with pytest.raises(Unavailable):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"good": "v"}))
    assert methods == ["GET", "GET", "GET", "GET", "PATCH", "GET", *["PATCH"] * 4]


async def test_404_of_a_patch_with_an_impossible_key_is_invalid(
    serve: Serve, connect: Connect
) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        if request.method == "PATCH":
            return web.Response(status=404)
        return web.json_response(document(1))

    service = connect(await serve(handle))
    with pytest.raises(Invalid, match="cannot store a property with the key 'base'"):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"base": "v"}))
    with pytest.raises(ImageNotFound):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"good": "v"}))


@pytest.mark.parametrize("status", [414, 431])
async def test_request_that_is_too_long_for_glance_is_invalid(
    serve: Serve, connect: Connect, status: int
) -> None:
    async def refusing(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    with pytest.raises(Invalid, match="too long"):
        await connect(await serve(refusing)).get_image(CALLER, "image-1")


async def test_slow_response_ends_with_the_total_timeout(serve: Serve, connect: Connect) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)  # a slow server

    service = connect(await serve(handle), total_timeout=0.3)
    with pytest.raises(Unavailable):
        await service.get_image(CALLER, "image-1")


async def test_refused_connection_is_unavailable(connect: Connect) -> None:
    with pytest.raises(Unavailable) as caught:
        await connect("http://127.0.0.1:1").get_image(CALLER, "image-1")
    assert "secret" not in str(caught.value)


async def test_reason_of_an_error_is_plain_text(serve: Serve, connect: Connect) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        text = "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1>"
        return web.Response(
            status=403, text=f"{text}It is &quot;protected&quot;.<br /></body></html>"
        )

    with pytest.raises(Forbidden, match=r'^It is "protected"\.$'):
        await connect(await serve(handle)).delete_image(CALLER, "image-1")


@pytest.mark.parametrize("image_id", ["", ".", "..", "\ud800"])
async def test_id_that_fits_no_path_is_not_found(connect: Connect, image_id: str) -> None:
    with pytest.raises(ImageNotFound):
        await connect("http://127.0.0.1:1").get_image(CALLER, image_id)
