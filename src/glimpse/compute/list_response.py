"""The response to a list of images: complete if the list is short, streamed if it is long."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from glimpse.compute.next_link import NextLink
from glimpse.compute.responses import Response, json_response
from glimpse.images import Image, Page

# A list is streamed if it has this many images, or more characters of properties (as JSON).
_MAX_IMAGES = 200
_MAX_CHARACTERS = 400_000

View = Callable[[Image], object]


async def list_response(
    pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> Response:
    """Return a 200 response with a document ``{"images": [...]}`` of all images of `pages`.

    `view` renders one image. If the list ended at its limit although further images exist, the
    document also has ``images_links``, which `next_link` makes.

    Reads `pages` until the list ends or is long (see `_is_long`); raises what `pages` raises. If
    the list has ended, closes `pages`; the body is bytes. If the list is long, the body is a
    generator, which reads the other pages one by one, and raises what `pages` raises. The caller
    closes the generator. A generator that has started closes `pages` when it ends or is closed.
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
    """Read pages until the list ends or has to be streamed (see `_is_long`); return one page.

    The result has the images of all pages that were read, and ``is_last`` and ``has_more`` of the
    last of them. More than one page is read, because a page may have few or no images although the
    list goes on. Raises what `pages` raises.
    """
    page = await anext(pages)
    while not page.is_last and not _is_long(page.images):
        following = await anext(pages)
        page = following._replace(images=[*page.images, *following.images])
    return page


def _is_long(images: Sequence[Image]) -> bool:
    """Return True if a list that starts with `images`, and goes on, has to be streamed.

    That is so for 200 images or more, and for more than 400,000 characters of properties as JSON.
    """
    return (
        len(images) >= _MAX_IMAGES
        or sum(len(image.properties_json) for image in images) > _MAX_CHARACTERS
    )


async def _stream(
    page: Page, pages: AsyncGenerator[Page, None], view: View, next_link: NextLink
) -> AsyncGenerator[bytes, None]:
    """Yield the JSON text of a list: the images of `page`, then the images of `pages`.

    Each piece but the last has the images of one page. A page without images has no piece. The last
    piece has no images: it ends the text, with a link to the next page if further images exist.
    Raises what `pages` raises. Closes `pages`, also after an error.
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
                # Free the memory of the images now: a slow client may take long to receive this
                # piece, and a slow Glance to send the next page.
                del page, images
                yield piece
                del piece
            if is_last:
                break
            page = await anext(pages)
    opening = separator if separator != b"," else b""
    # The last page may be empty. The link then names the last image of an earlier page.
    links = b""
    if has_more and last_image:
        links = b',"images_links":' + orjson.dumps(next_link.render(last_image.id))
    yield opening + b"]" + links + b"}"
