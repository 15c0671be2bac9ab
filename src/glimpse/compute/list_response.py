"""Make the response to a list: a complete document if it is short, a stream if it is long."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from glimpse.compute.next_link import NextLink
from glimpse.compute.responses import Response, json_response
from glimpse.images import Image, Page

# A list of as many images as this, or of more characters of properties, is streamed.
_MAX_IMAGES = 200
_MAX_CHARACTERS = 400_000

View = Callable[[Image], object]


async def list_response(
    pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> Response:
    """Return a 200 response with a document ``{"images": [...]}`` of all images of `pages`.

    `view` renders one image. If the list ended at its limit although further images exist, the
    document has ``images_links`` of `next_link`.

    The body of a short list (some 200 images, with some 400,000 characters of properties) is
    complete, and all errors of `pages` are raised here. The body of a longer one is a generator
    that holds one page in memory at a time; errors of pages that it reads later are raised to its
    reader. `pages` is closed when the document is complete.
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
    """Merge the first pages: all of a short list, or as many as make it a long one.

    The first page alone does not tell if the list is short: a page may have few images or none,
    although the list goes on. Raises what `pages` raises.
    """
    page = await anext(pages)
    while not page.is_last and not _is_long(page.images):
        following = await anext(pages)
        page = following._replace(images=[*page.images, *following.images])
    return page


def _is_long(images: Sequence[Image]) -> bool:
    """Return True if a list that starts with these images is to be streamed.

    That is so for 200 images or more, and for more than 400,000 characters of properties.
    """
    return (
        len(images) >= _MAX_IMAGES
        or sum(len(image.properties_json) for image in images) > _MAX_CHARACTERS
    )


async def _stream(
    page: Page, pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> AsyncGenerator[bytes, None]:
    """Yield the JSON text of a list: the images of `page`, then those of the other `pages`.

    Each piece has the images of one page; a page without images has no piece. The last piece ends
    the text, with the link to the next page if there is one. Raises what `pages` raises. Closes
    `pages`.
    """
    separator = b'{"images":['
    last_image: Image | None = None
    async with contextlib.aclosing(pages):
        while True:
            images, is_last, has_more = page
            if images:
                last_image = images[-1]
                piece = separator + orjson.dumps([view(image) for image in images])[1:-1]
                separator = b","
                # Otherwise memory would hold the images while a slow client receives this piece,
                # or while a slow Glance sends the next page.
                del page, images
                yield piece
                del piece
            if is_last:
                break
            page = await anext(pages)
    opening = separator if separator != b"," else b""
    # The last page may be empty: the link then names the last image of a page before it.
    links = b""
    if has_more and last_image:
        links = b',"images_links":' + orjson.dumps(next_link.render(last_image.id))
    yield opening + b"]" + links + b"}"
