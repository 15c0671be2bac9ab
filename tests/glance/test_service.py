"""GlanceImageService against a small scripted Glance on a socket: what a real one rarely does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from glimpse.glance import GlanceImageService, GlanceOptions, Turns
from glimpse.images import Caller, ImageQuery, PropertyChanges
from glimpse.images.errors import (
    BadAnswer,
    Forbidden,
    ImageNotFound,
    Invalid,
    MarkerNotFound,
    PropertyLimitExceeded,
    PropertyNotFound,
    Unavailable,
)

CALLER = Caller("u", "p", token="secret")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]
Connect = Callable[..., GlanceImageService]


def document(number: int, **more: str) -> dict[str, str]:
    date = "2024-01-01T00:00:00Z"
    about = {"status": "active", "owner": "p", "created_at": date, "updated_at": date}
    return {"id": f"image-{number}", "name": "x", **about, **more}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.ServerRunner] = []

    async def start(handler: Handler) -> str:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Connect]:
    made: list[GlanceImageService] = []

    def start(*servers: str, **options: float) -> GlanceImageService:
        turns = Turns(f"file://{tmp_path}", 5)
        service = GlanceImageService(GlanceOptions(servers, **options), turns)  # type: ignore[arg-type]
        made.append(service)
        return service

    yield start
    for service in made:
        await service.close()


def catalog(size: int, cap: int = 1000) -> Handler:
    """A list as Glance serves it: at most `cap` a page, and `next` after every full page."""

    async def handle(request: web.BaseRequest) -> web.Response:
        limit = min(cap, int(request.query["limit"]))
        start = int(request.query.get("marker", "image--1").rpartition("image-")[2]) + 1
        page = [document(number) for number in range(start, min(size, start + limit))]
        answer: dict[str, object] = {"images": page}
        if len(page) == limit:
            answer["next"] = f"/v2/images?marker={page[-1]['id']}"
        return web.json_response(answer)

    return handle


@pytest.mark.parametrize(
    ("limit", "cap", "count", "more"),
    [
        (None, 7, 20, False),
        (5, 7, 5, True),
        (14, 7, 14, True),
        (20, 7, 20, False),
        (20, 20, 20, False),
    ],
)
async def test_a_list_has_what_was_asked_and_says_if_there_is_more(
    serve: Serve,
    connect: Connect,
    limit: int | None,
    cap: int,
    count: int,
    more: bool,  # noqa: FBT001  a row of the table
) -> None:
    service = connect(await serve(catalog(20, cap)))
    pages = [page async for page in service.list_images(CALLER, ImageQuery(limit=limit))]
    assert [image.id for page in pages for image in page.images] == [
        f"image-{number}" for number in range(count)
    ]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].more is more


@pytest.mark.parametrize("limit", [None, 5, 19])
async def test_a_page_of_too_many_bytes_is_asked_for_in_smaller_ones(
    serve: Serve, connect: Connect, limit: int | None
) -> None:
    """Some images have properties of megabytes, and yet no list may fail for it."""
    calls: list[int] = []
    small = catalog(20)

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        calls.append(int(request.query.get("limit", 0)))
        answer = await small(request) if calls[-1] else web.json_response(status=404)
        assert isinstance(answer, web.Response)
        found = json.loads(answer.text or "{}")
        for image in found.get("images", ()):
            image["filling"] = "x" * 1000
        return web.json_response(found)

    servers = [await serve(large)]
    service = connect(*servers, max_page_bytes=4000, page_size=100)
    found = [
        image.id
        async for page in service.list_images(CALLER, ImageQuery(limit=limit))
        for image in page.images
    ]
    assert found == [f"image-{number}" for number in range(limit or 20)]
    assert calls[0] > max(calls[1:]), "the server was asked for the same once more"


async def test_a_list_whose_next_goes_in_circles_is_a_bad_answer(
    serve: Serve, connect: Connect
) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        other = {"a": "b", "b": "a"}.get(request.query.get("marker", ""), "a")
        return web.json_response({"images": [document(1)], "next": f"/v2/images?marker={other}"})

    service = connect(await serve(handle))
    with pytest.raises(BadAnswer):
        [page async for page in service.list_images(CALLER, ImageQuery())]


async def test_a_marker_nobody_knows_is_named(serve: Serve, connect: Connect) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=400, text="400 Bad Request\n\nNo image found with ID gone\n")

    service = connect(await serve(handle))
    with pytest.raises(MarkerNotFound, match="No image found with ID gone"):
        [page async for page in service.list_images(CALLER, ImageQuery(marker="gone"))]


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '{"id": "image-1", "na', "[]", "{}"])
async def test_an_answer_that_is_no_image_is_a_bad_answer(
    serve: Serve, connect: Connect, body: str
) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    with pytest.raises(BadAnswer):
        await connect(await serve(handle)).get_image(CALLER, "image-1")


async def test_a_redirect_is_a_bad_answer(serve: Serve, connect: Connect) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        raise web.HTTPFound(request.path)

    with pytest.raises(BadAnswer):
        await connect(await serve(handle)).get_image(CALLER, "image-1")


async def test_a_server_that_fails_is_passed_over(serve: Serve, connect: Connect) -> None:
    async def broken(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    async def working(_request: web.BaseRequest) -> web.Response:
        return web.json_response(document(1))

    service = connect(await serve(broken), await serve(working), "http://127.0.0.1:1")
    for _ in range(5):
        assert (await service.get_image(CALLER, "image-1")).id == "image-1"


async def test_a_500_that_the_request_explains_is_not_held_against_the_server(
    serve: Serve, connect: Connect
) -> None:
    calls: list[str] = []

    async def tripping(request: web.BaseRequest) -> web.Response:
        calls.append(request.method)
        if request.method == "PATCH" or "ram_min" in request.query:
            return web.Response(status=500)
        return web.json_response(document(1, key1="value"))

    service = connect(await serve(tripping), num_retries=3)
    with pytest.raises(Invalid, match="cannot filter by 'ram_min'"):
        [
            page
            async for page in service.list_images(CALLER, ImageQuery(properties={"ram_min": "1"}))
        ]
    await service.get_image(CALLER, "image-1")  # and the schema, the first time
    with pytest.raises(Invalid, match="cannot tell the key 'KEY1' from 'key1'"):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"KEY1": "v"}))
    with pytest.raises(Unavailable):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"good": "v"}))
    assert calls == ["GET", "GET", "GET", "GET", "PATCH", "GET", "PATCH"]


async def test_an_image_that_glance_loses_over_a_key_was_there(
    serve: Serve, connect: Connect
) -> None:
    async def losing(request: web.BaseRequest) -> web.Response:
        if request.method == "PATCH":
            return web.Response(status=404)
        return web.json_response(document(1))

    service = connect(await serve(losing))
    with pytest.raises(Invalid, match="cannot store a property with the key 'base'"):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"base": "v"}))
    with pytest.raises(ImageNotFound):
        await service.change_properties(CALLER, "image-1", PropertyChanges(set={"good": "v"}))


@pytest.mark.parametrize("status", [414, 431])
async def test_a_request_that_is_too_long_for_glance_is_the_clients(
    serve: Serve, connect: Connect, status: int
) -> None:
    async def refusing(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    with pytest.raises(Invalid, match="too long"):
        await connect(await serve(refusing)).get_image(CALLER, "image-1")


async def test_a_server_that_trickles_is_given_up(serve: Serve, connect: Connect) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    service = connect(await serve(handle), total_timeout=0.3)
    with pytest.raises(Unavailable):
        await service.get_image(CALLER, "image-1")


async def test_nobody_listening_is_unavailable(connect: Connect) -> None:
    with pytest.raises(Unavailable) as caught:
        await connect("http://127.0.0.1:1").get_image(CALLER, "image-1")
    assert "secret" not in str(caught.value)


async def test_the_reason_of_a_refusal_is_plain_text(serve: Serve, connect: Connect) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        text = "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1>"
        return web.Response(
            status=403, text=f"{text}It is &quot;protected&quot;.<br /></body></html>"
        )

    with pytest.raises(Forbidden, match=r'^It is "protected"\.$'):
        await connect(await serve(handle)).delete_image(CALLER, "image-1")


@pytest.mark.parametrize("image_id", ["", ".", "..", "\ud800"])
async def test_an_id_that_no_path_can_name_is_not_found(connect: Connect, image_id: str) -> None:
    with pytest.raises(ImageNotFound):
        await connect("http://127.0.0.1:1").get_image(CALLER, image_id)


class ForgetfulGlance:
    """One image whose PATCH reads, waits and writes everything back, as Glance's does."""

    def __init__(self) -> None:
        self.image = document(1, old="1", kept="2")
        self.calls: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/v2/schemas/image":
            return web.json_response({"properties": {"new_in_glance": {}}})
        self.calls.append(request.method)
        if request.method == "PATCH":
            read = dict(self.image)
            for change in json.loads(await request.read()):
                key = change["path"][1:].replace("~1", "/").replace("~0", "~")
                if change["op"] == "remove":
                    del read[key]
                else:
                    read[key] = change["value"]
            await asyncio.sleep(0.005)
            self.image = read
        return web.json_response(self.image)


async def test_a_change_touches_only_the_keys_named_in_two_calls(
    serve: Serve, connect: Connect
) -> None:
    glance = ForgetfulGlance()
    service = connect(await serve(glance))
    changes = PropertyChanges(set={"a/b~c": "3"}, remove=frozenset({"old"}))
    changed = await service.change_properties(CALLER, "image-1", changes)
    assert changed.properties == {"kept": "2", "a/b~c": "3"}
    assert glance.calls == ["GET", "PATCH"]


async def test_an_attribute_that_only_the_schema_has_is_no_property(
    serve: Serve, connect: Connect
) -> None:
    glance = ForgetfulGlance()
    glance.image["new_in_glance"] = "1"
    service = connect(await serve(glance))
    assert (await service.get_image(CALLER, "image-1")).properties == {"old": "1", "kept": "2"}
    assert "new_in_glance" in await service.base_attributes(CALLER)


async def test_replacing_removes_what_could_be_seen(serve: Serve, connect: Connect) -> None:
    service = connect(await serve(ForgetfulGlance()))
    changes = PropertyChanges(set={"new": "1"}, replace=True, keep=frozenset({"kept"}))
    changed = await service.change_properties(CALLER, "image-1", changes)
    assert changed.properties == {"kept": "2", "new": "1"}


async def test_a_change_that_cannot_be_made_is_not_tried(serve: Serve, connect: Connect) -> None:
    glance = ForgetfulGlance()
    service = connect(await serve(glance))
    with pytest.raises(PropertyNotFound):
        await service.change_properties(CALLER, "image-1", PropertyChanges(remove=frozenset("x")))
    with pytest.raises(PropertyLimitExceeded):
        await service.change_properties(CALLER, "image-1", PropertyChanges({"x": "1"}, limit=2))
    assert "PATCH" not in glance.calls


async def test_writers_in_front_of_a_forgetful_glance_lose_nothing(
    serve: Serve, connect: Connect
) -> None:
    url = await serve(ForgetfulGlance())
    # Two services share only the lock files, as two processes would.
    services = [connect(url), connect(url)]
    await asyncio.gather(
        *(
            services[number % 2].change_properties(
                CALLER, "image-1", PropertyChanges(set={f"key{number}": "v"})
            )
            for number in range(40)
        )
    )
    after = (await services[0].get_image(CALLER, "image-1")).properties
    assert {f"key{number}" for number in range(40)} <= after.keys()
