"""Walking through a list of Glance's: page after page, the next one asked for ahead."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from glimpse.glance import responses
from glimpse.glance.responses import TooLarge
from glimpse.images.errors import InvalidResponse

_MOST_PAGES = 100_000
_MOST_IMAGES = 10_000  # of a page; Glance gives at most the 1,000 that are asked for
_LONGEST_MARKER = 255
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


class PagesAhead:
    """Limits how many lists ask for their next page ahead: each may hold megabytes for long.

    Where more are read at once, Glance has enough to do without.
    """

    def __init__(self, most: int = 8) -> None:
        self._free = most

    def acquire(self) -> bool:
        """Return True if one more list may ask ahead; it has to `release` that."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """Let another list ask ahead."""
        self._free += 1


class _NextPage:
    """The next page of a list: asked for ahead if `pages_ahead` has room, else when it is taken."""

    def __init__(self, ask: Ask, pages_ahead: PagesAhead, page_size: int) -> None:
        self._ask = ask
        self._pages_ahead = pages_ahead
        self._page_size = page_size
        self._ahead: asyncio.Future[object] | None = None

    def prepare(self, marker: str | None, wanted: int) -> None:
        """Ask for the page now, of at most `wanted` images, if that is allowed."""
        if self._pages_ahead.acquire():
            count = min(self._page_size, wanted)
            self._ahead = asyncio.ensure_future(self._ask(marker, count))

    async def take(self, marker: str | None, wanted: int) -> object:
        """Return the page; ask for a smaller one where it has too many bytes.

        Raises TooLarge for an image that alone has too many, and what asking raises.
        """
        while True:
            count = min(self._page_size, wanted)
            try:
                ahead = self._ahead
                return await (self._take_ahead(ahead) if ahead else self._ask(marker, count))
            except TooLarge:
                if count == 1:
                    raise
                self._page_size = max(1, count // _SHRINK)

    async def _take_ahead(self, ahead: "asyncio.Future[object]") -> object:
        await asyncio.wait((ahead,))
        self._ahead = None
        self._pages_ahead.release()
        return ahead.result()

    async def close(self) -> None:
        """Give up a page that was not taken."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._pages_ahead.release()
            await asyncio.gather(self._ahead, return_exceptions=True)


async def walk(
    ask: Ask,
    *,
    limit: int | None,
    marker: str | None,
    page_size: int,
    read: Callable[[Any], Answered] = lambda page: page,
    pages_ahead: PagesAhead | None = None,
) -> AsyncGenerator[Part, None]:
    """Yield what comes after `marker`, at most `limit` images, in pages of at most `page_size`.

    Glance makes the next page while the present one is used: it is asked for, and at most one, as
    soon as it is known to be wanted, if `pages_ahead` has room. `read` parses what `ask` gave when
    its turn comes: parsed, it takes several times the memory. Raises InvalidResponse for a list
    that does not end, and TooLarge for an image that alone has too many bytes.
    """
    remaining = sys.maxsize if limit is None else limit
    seen = {marker}
    next_page = _NextPage(ask, pages_ahead or PagesAhead(), page_size)
    try:
        for _ in range(_MOST_PAGES):
            # One more than remain, to see whether there is one.
            documents, following = read(await next_page.take(marker, remaining + 1))
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
            next_page.prepare(marker, remaining + 1)
            yield Part(documents, last=False)
        raise InvalidResponse("The Image service's list does not end.")
    finally:
        await next_page.close()


def read_page(answer: responses.Answer) -> Answered:
    """Parse a page of a list. Raises InvalidResponse."""
    document = responses.document(answer)
    documents = document.get("images")
    if not isinstance(documents, list) or len(documents) > _MOST_IMAGES:
        raise InvalidResponse("The Image service's answer is not a page of a list of images.")
    return Answered(documents, next_marker(document))


def next_marker(document: dict[str, Any]) -> str | None:
    """The marker in a list's ``next``, of which only that is believed: not its host or filters."""
    following = document.get("next")
    if following is None:
        return None
    try:
        marker = parse_qs(urlsplit(following).query)["marker"][-1]
    except (KeyError, ValueError, TypeError, AttributeError):
        marker = ""
    if not isinstance(marker, str) or not 0 < len(marker) <= _LONGEST_MARKER:
        raise InvalidResponse("The Image service's next link has no marker.")
    return marker
