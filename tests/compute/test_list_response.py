"""Responses to lists with short, empty or many pages."""

from collections.abc import AsyncGenerator

import pytest

from glimpse.images import Caller, Image, ImageQuery, Page
from glimpse.images.image import image_from_document
from tests.compute.requests import make_operations, make_request, read_document
from tests.embedded.images import document
from tests.support.memory_image_service import MemoryImageService

CALLER = Caller("demo", "demo", token="demo:demo")
IMAGES = [image_from_document(document()) for _ in range(450)]


class PagesService(MemoryImageService):
    """An image service that lists these pages for each query."""

    def __init__(self, *pages: Page) -> None:
        super().__init__()
        self.pages = pages

    async def list_images(
        self,
        caller: Caller,  # noqa: ARG002  the port's
        query: ImageQuery,  # noqa: ARG002  the port's
    ) -> AsyncGenerator[Page, None]:
        for page in self.pages:
            yield page


async def listed(*pages: Page, query: bytes = b"") -> tuple[dict[str, list[dict[str, str]]], bool]:
    """Return the document of a list, and True if it was streamed."""
    request = make_request(CALLER, query_string=query)
    response = await make_operations(PagesService(*pages)).list_images(request)
    return await read_document(response), not isinstance(response.body, bytes)


def ids(images: list[Image]) -> list[str]:
    return [image.id for image in images]


@pytest.mark.parametrize("count", [1, 250])
async def test_the_next_link_after_an_empty_last_page_has_the_last_image_as_its_marker(
    count: int,
) -> None:
    shown = IMAGES[:count]
    document, _ = await listed(
        Page(shown, is_last=False), Page([], has_more=True), query=b"limit=%d" % count
    )
    assert [image["id"] for image in document["images"]] == ids(shown)
    assert document["images_links"][0]["href"].endswith(f"marker={shown[-1].id}")


async def test_short_pages_are_sent_as_one_complete_document() -> None:
    pages = [Page(IMAGES[:3], is_last=False), Page([], is_last=False), Page(IMAGES[3:9])]
    document, streamed = await listed(*pages)
    assert [image["id"] for image in document["images"]] == ids(IMAGES[:9])
    assert not streamed


async def test_a_long_list_is_streamed() -> None:
    pages = [
        Page(IMAGES[:199], is_last=False),
        Page(IMAGES[199:220], is_last=False),
        Page(IMAGES[220:]),
    ]
    document, streamed = await listed(*pages)
    assert [image["id"] for image in document["images"]] == ids(IMAGES)
    assert streamed
