"""The response to a list: a complete document for a short list, a stream for a long one."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from glimpse.compute.next_link import NextLink
from glimpse.compute.responses import Response, json_response
from glimpse.images import Image, Page

# A list of more images than this, or with more characters of properties, is streamed.
_MAX_IMAGES = 200
_MAX_CHARACTERS = 400_000

View = Callable[[Image], object]


async def list_response(
    pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> Response:
    """Render the images of `pages` in a document ``{"images": [...]}``.

    `view` renders one image. `next_link` makes ``images_links`` for a list that ended at its limit
    although further images exist. A stream holds one page in memory at a time.

    Raises the errors that `pages` raises before the response is complete, or before its stream
    starts; later errors are raised to the reader of the body.
    """
    first = await _merge_first_pages(pages)
    if not first.is_last:
        return Response(200, _stream(first, pages, view, next_link))
    await pages.aclose()  # otherwise the event loop would close it, in a new task
    if not first.images:
        return json_response({"images": []})
    document: dict[str, Any] = {"images": [view(image) for image in first.images]}
    if first.has_more:
        document["images_links"] = next_link.render(first.images[-1].id)
    return Response(200, orjson.dumps(document))


async def _merge_first_pages(pages: AsyncIterator[Page]) -> Page:
    """Merge pages until they are long enough to be worth streaming, or end the list.

    An image service's pages may be short or empty, where it filtered most of what it read.
    """
    page = await anext(pages)
    while not page.is_last and not _is_long(page.images):
        following = await anext(pages)
        page = following._replace(images=[*page.images, *following.images])
    return page


def _is_long(images: Sequence[Image]) -> bool:
    return (
        len(images) >= _MAX_IMAGES
        or sum(len(image.properties_json) for image in images) > _MAX_CHARACTERS
    )


async def _stream(
    page: Page, pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> AsyncGenerator[bytes, None]:
    """Yield the JSON text of a list, one piece for each page; `page` comes before `pages`."""
    separator = b'{"images":['
    last_image: Image | None = None
    async with contextlib.aclosing(pages):
        while True:
            images, is_last, has_more = page
            if images:
                last_image = images[-1]
                piece = separator + orjson.dumps([view(image) for image in images])[1:-1]
                separator = b","
                # Not to hold the images while a slow client receives this piece, or while a slow
                # Glance sends the next page.
                del page, images
                yield piece
                del piece
            if is_last:
                break
            page = await anext(pages)
    opening = separator if separator != b"," else b""
    # The last page may be empty: then the link continues after an image of a page before it.
    links = b""
    if has_more and last_image:
        links = b',"images_links":' + orjson.dumps(next_link.render(last_image.id))
    yield opening + b"]" + links + b"}"
