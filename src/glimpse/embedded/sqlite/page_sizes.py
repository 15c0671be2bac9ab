"""How many rows each step of a list reads, and how many images each of its pages has. Pure."""

from collections.abc import Sequence

from glimpse.embedded.sqlite.sort_order import has_usual_order
from glimpse.images import Image, ImageQuery, Page

PAGE = 200  # images: rendering more at once would block the event loop for too long
MAX_STEP = 1001  # the Image API's largest limit, and one that shows whether there are more


def first_count(query: ImageQuery, most: int) -> int:
    """Return how many rows to read in the first step: one more than the limit, at most `most`.

    The additional row shows whether the list goes on after its limit.
    """
    return most if query.limit is None else min(most, query.limit + 1)


def next_count(query: ImageQuery, count: int, found: int) -> int:
    """Return how many rows to read in the next step, by how many of the last ones matched.

    If `found` is more than half of `count`, it is 200; otherwise four times `count`, up to 1,001.
    In a list that is not in the usual order (newest first), it is always 1,001.
    """
    if not has_usual_order(query):
        return MAX_STEP
    return PAGE if 2 * found > count else min(4 * count, MAX_STEP)


def split_into_pages(images: Sequence[Image], *, is_last: bool) -> list[Page]:
    """Return pages of at most 200 of the images; one empty page if there are none.

    The last page has `is_last` set if the argument is True.
    """
    return [
        Page(images[start : start + PAGE], is_last=is_last and start + PAGE >= len(images))
        for start in range(0, max(len(images), 1), PAGE)
    ]
