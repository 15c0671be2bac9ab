"""filter_pages: reduce the pages of a list to the accepted images, up to a limit."""

import contextlib
from collections.abc import AsyncGenerator, Callable

from glimpse.images.image import Image
from glimpse.images.query import Page


async def filter_pages(
    pages: AsyncGenerator[Page, None], accepts: Callable[[Image], bool] | None, limit: int | None
) -> AsyncGenerator[Page, None]:
    """Yield pages with the images that `accepts` accepts, at most `limit` images in all.

    If `accepts` is None, all images are accepted. If `limit` is None, there is no limit. The last
    page has ``has_more`` set if `pages` have more accepted images than `limit`. So that the
    generator can find out, `pages` must not end after `limit` images.

    A page without accepted images is omitted, except the last page. Raises what `pages` raises.
    `pages` is closed at the end. The generator keeps no reference to a page that it has yielded.
    """
    remaining = limit
    async with contextlib.aclosing(pages):
        async for found in pages:
            page = found
            if accepts is not None:
                page = page._replace(images=[*filter(accepts, page.images)])
            if remaining is not None:
                if len(page.images) > remaining:
                    page = Page(page.images[:remaining], is_last=True, has_more=True)
                remaining -= len(page.images)
            if page.images or page.is_last:
                has_ended = page.has_more
                unsent = [page]
                del found, page
                yield unsent.pop()
                if has_ended:
                    return
