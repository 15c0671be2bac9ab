"""Lists of an image service whose pages are short, empty or many."""

from collections.abc import AsyncGenerator

import orjson
import pytest

from glimpse.compute.operations import ComputeRequest, Operations, Streamed
from glimpse.compute.views import Links
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller, Image, ImageQuery, Page
from glimpse.images.image import image_from_document
from tests.embedded.images import document

CALLER = Caller("demo", "demo", token="demo:demo")
IMAGES = [image_from_document(document()) for _ in range(450)]


class Pages(EmbeddedImageService):
    """An image service that has only these pages."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages

    async def list_images(
        self,
        caller: Caller,  # noqa: ARG002  the port's
        query: ImageQuery,  # noqa: ARG002  the port's
    ) -> AsyncGenerator[Page, None]:
        for page in self.pages:
            yield page


async def listed(*pages: Page, query: bytes = b"") -> tuple[dict[str, list[dict[str, str]]], bool]:
    """The list's document, and whether it was streamed."""
    links = Links("http://x/v2.1", "http://x", "http://y")
    request = ComputeRequest(CALLER, query, None, "", "", links, legacy=False)
    operations = Operations(Pages(*pages), metadata_items=128)
    answer = await operations.list_images(request)
    if isinstance(answer, Streamed):
        return orjson.loads(b"".join([piece async for piece in answer.pieces])), True
    assert answer is not None
    return orjson.loads(answer), False


def ids(images: list[Image]) -> list[str]:
    return [image.id for image in images]


@pytest.mark.parametrize("count", [1, 250])
async def test_the_next_link_of_an_empty_last_page_starts_after_the_page_before(count: int) -> None:
    shown = IMAGES[:count]
    document, _ = await listed(
        Page(shown, last=False), Page([], more=True), query=b"limit=%d" % count
    )
    assert [image["id"] for image in document["images"]] == ids(shown)
    assert document["images_links"][0]["href"].endswith(f"marker={shown[-1].id}")


async def test_short_pages_are_answered_in_one_piece() -> None:
    pages = [Page(IMAGES[:3], last=False), Page([], last=False), Page(IMAGES[3:9])]
    document, streamed = await listed(*pages)
    assert [image["id"] for image in document["images"]] == ids(IMAGES[:9])
    assert not streamed


async def test_a_long_list_is_streamed_from_its_first_full_page_on() -> None:
    pages = [Page(IMAGES[:199], last=False), Page(IMAGES[199:220], last=False), Page(IMAGES[220:])]
    document, streamed = await listed(*pages)
    assert [image["id"] for image in document["images"]] == ids(IMAGES)
    assert streamed
