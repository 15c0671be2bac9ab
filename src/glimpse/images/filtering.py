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
    `pages`.
    """
    remaining = limit
    async with contextlib.aclosing(pages):
        async for page in pages:
            images = page.images if accepts is None else [*filter(accepts, page.images)]
            if remaining is not None and len(images) > remaining:
                yield Page(images[:remaining], is_last=True, has_more=True)
                return
            if images or page.is_last:
                yield page if accepts is None else page._replace(images=images)
            if remaining is not None:
                remaining -= len(images)
