"""Walking through a list of Glance's: page after page, the next one asked for ahead."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NamedTuple

from glimpse.glance.answers import TooLarge
from glimpse.images.errors import BadAnswer

_MOST_PAGES = 100_000
_SHRINK = 8  # how much smaller a page is asked for after one that had too many bytes


class Answered(NamedTuple):
    """A page as Glance answered it: the images' documents, and the marker of the next page."""

    documents: list[dict[str, Any]]
    following: str | None


class Part(NamedTuple):
    """What a page adds to the list; `last` and `more` as in `images.Page`."""

    documents: list[dict[str, Any]]
    last: bool = True
    more: bool = False


# Asks for the page after a marker, of at most so many images. May raise TooLarge.
Ask = Callable[[str | None, int], Awaitable[object]]


async def walk(
    ask: Ask,
    *,
    limit: int | None,
    marker: str | None,
    page_size: int,
    read: Callable[[Any], Answered] = lambda page: page,
) -> AsyncGenerator[Part, None]:
    """Yield what comes after `marker`, at most `limit` images, in pages of at most `page_size`.

    Glance makes the next page while the present one is used: it is asked for, and at most one, as
    soon as it is known to be wanted. `read` parses what `ask` gave when its turn comes: parsed, it
    takes several times the memory. Raises BadAnswer for a list that does not end, and TooLarge for
    an image that alone has too many bytes.
    """
    remaining = sys.maxsize if limit is None else limit
    count = min(page_size, remaining + 1)  # one more than remain, to see whether there is one
    seen = {marker}
    ahead: asyncio.Future[object] | None = None
    try:
        for _ in range(_MOST_PAGES):
            try:
                page = await (ahead or ask(marker, count))
            except TooLarge:
                if count == 1:
                    raise
                count = page_size = max(1, count // _SHRINK)
                ahead = None
                continue
            documents, following = read(page)
            del page  # its body is as large as all that is parsed of it
            ahead = None
            if len(documents) > remaining:
                yield Part(documents[:remaining], more=True)
                return
            if following is None:
                yield Part(documents)
                return
            if not documents or following in seen:
                break
            seen.add(following)
            marker = following
            remaining -= len(documents)
            count = min(page_size, remaining + 1)
            ahead = asyncio.ensure_future(ask(marker, count))
            yield Part(documents, last=False)
        raise BadAnswer("The Image service's list does not end.")
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
