"""filter_pages: reduce the pages of a list to the accepted images, up to a limit."""

import contextlib
from collections.abc import AsyncGenerator, Callable

from glimpse.images.image import Image
from glimpse.images.query import Page


async def filter_pages(
    pages: AsyncGenerator[Page, None], accepts: Callable[[Image], bool] | None, limit: int | None
) -> AsyncGenerator[Page, None]:
    """Yield pages with the images that `accepts` accepts, at most `limit` images in all.

    `accepts` None accepts all images; `limit` None is no limit. `pages` must go on beyond `limit`:
    they are read until there is one more accepted image, or their end. In the first case, the last
    page has ``has_more`` set. Pages without accepted images are omitted, except the last. Closes
    `pages`. Like `pages`, it keeps no reference to a page that it has yielded.
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
