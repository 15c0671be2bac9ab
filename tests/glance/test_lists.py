"""GlanceImageService.list_images with a Glance whose pages a test provides."""

import json

import pytest
from aiohttp import web

from glimpse.images import ImageQuery
from glimpse.images.errors import InvalidResponse, MarkerNotFound
from tests.glance.conftest import CALLER, Connect, Handler, Serve, document


def catalog(size: int, cap: int = 1000) -> Handler:
    """Return a handler that lists images as Glance does.

    A page has up to `cap` images, and a full one has `next`.
    """

    async def handle(request: web.BaseRequest) -> web.Response:
        limit = min(cap, int(request.query["limit"]))
        start = int(request.query.get("marker", "image--1").rpartition("image-")[2]) + 1
        page = [document(number) for number in range(start, min(size, start + limit))]
        body: dict[str, object] = {"images": page}
        if len(page) == limit:
            body["next"] = f"/v2/images?marker={page[-1]['id']}"
        return web.json_response(body)

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
async def test_list_has_the_images_up_to_its_limit_and_whether_there_are_more(
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
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].has_more is more


@pytest.mark.parametrize("limit", [None, 5, 19])
async def test_page_of_too_many_bytes_is_fetched_in_smaller_pages(
    serve: Serve, connect: Connect, limit: int | None
) -> None:
    """Images may have properties of megabytes; a list must not fail for that."""
    limits: list[int] = []
    small = catalog(20)

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        limits.append(int(request.query.get("limit", 0)))
        response = await small(request) if limits[-1] else web.json_response(status=404)
        assert isinstance(response, web.Response)
        found = json.loads(response.text or "{}")
        for image in found.get("images", ()):
            image["filling"] = "x" * 1000
        return web.json_response(found)

    service = connect(await serve(large), max_page_bytes=4000, page_size=100)
    found = [
        image.id
        async for page in service.list_images(CALLER, ImageQuery(limit=limit))
        for image in page.images
    ]
    assert found == [f"image-{number}" for number in range(limit or 20)]
    assert limits[0] > max(limits[1:]), "the same page was requested again"


async def test_list_whose_next_links_repeat_is_an_invalid_response(
    serve: Serve, connect: Connect
) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        other = {"a": "b", "b": "a"}.get(request.query.get("marker", ""), "a")
        return web.json_response({"images": [document(1)], "next": f"/v2/images?marker={other}"})

    service = connect(await serve(handle))
    with pytest.raises(InvalidResponse):
        [page async for page in service.list_images(CALLER, ImageQuery())]


async def test_unknown_marker_is_named(serve: Serve, connect: Connect) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=400, text="400 Bad Request\n\nNo image found with ID gone\n")

    service = connect(await serve(handle))
    with pytest.raises(MarkerNotFound, match="No image found with ID gone"):
        [page async for page in service.list_images(CALLER, ImageQuery(marker="gone"))]


async def test_document_that_is_no_image_is_not_listed_and_logged_once(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    broken: list[object] = [{"id": "broken-1"}, {"status": "active"}, None, 5, "broken", [], {}]

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.json_response({"images": [document(0), *broken, document(1)]})

    service = connect(await serve(handle))
    for _ in range(3):
        pages = [page async for page in service.list_images(CALLER, ImageQuery())]
        assert [image.id for page in pages for image in page.images] == ["image-0", "image-1"]
    lines = [r.getMessage() for r in caplog.records if "is left out" in r.getMessage()]
    assert len(lines) == len({*lines})
    assert any("'broken-1'" in line for line in lines)


async def test_document_that_is_no_image_is_an_invalid_response_when_shown(
    serve: Serve, connect: Connect
) -> None:
    async def handle(_: web.BaseRequest) -> web.Response:
        return web.json_response({"id": "broken-1"})

    service = connect(await serve(handle))
    with pytest.raises(InvalidResponse):
        await service.get_image(CALLER, "broken-1")
