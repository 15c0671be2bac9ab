"""filter_pages: the pages of a list with only the images that a predicate accepts."""

import contextlib
from collections.abc import AsyncGenerator, Callable

from glimpse.images.image import Image
from glimpse.images.query import Page


async def filter_pages(
    pages: AsyncGenerator[Page, None], accepts: Callable[[Image], bool] | None, limit: int | None
) -> AsyncGenerator[Page, None]:
    """Yield pages with the images that `accepts` returns True for, at most `limit` in all.

    If `accepts` is None, all images are accepted. `pages` must not be limited themselves.
    ``has_more`` is set on the last page if there is a further accepted image. Closes `pages`.
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
