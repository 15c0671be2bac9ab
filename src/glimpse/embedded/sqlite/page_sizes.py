"""How many rows each step of a list reads, and how many images a page of it has. Pure."""

from collections.abc import Sequence

from glimpse.embedded.sqlite.sort_order import has_usual_order
from glimpse.images import Image, ImageQuery, Page

PAGE_IMAGES = 200  # rendering more at once would block the event loop for too long
MAX_STEP_ROWS = 1001  # the Image API's largest limit, and one more to see whether the list goes on


def first_count(query: ImageQuery, most: int) -> int:
    """Return how many rows the first step reads: `query.limit` plus one, but at most `most`.

    The additional row shows whether the list goes on after the limit. Without a limit, the result
    is `most`.
    """
    return most if query.limit is None else min(most, query.limit + 1)


def next_count(query: ImageQuery, count: int, found: int) -> int:
    """Return how many rows the next step reads after a step of `count` rows.

    `found` is the number of images that this step found. For a list that is not in the usual order
    (newest first), the result is 1,001. Otherwise, if more than half of the rows matched, the
    result is 200. Otherwise, the result is four times `count`, at most 1,001.
    """
    if not has_usual_order(query):
        return MAX_STEP_ROWS
    return PAGE_IMAGES if 2 * found > count else min(4 * count, MAX_STEP_ROWS)


def split_into_pages(images: Sequence[Image], *, is_last: bool) -> list[Page]:
    """Split images into pages of at most 200. Return one empty page if there are no images.

    The last of the pages has the value `is_last`; all other pages have ``is_last`` False.
    """
    return [
        Page(
            images[start : start + PAGE_IMAGES],
            is_last=is_last and start + PAGE_IMAGES >= len(images),
        )
        for start in range(0, max(len(images), 1), PAGE_IMAGES)
    ]
