"""Reads lists of Glance page by page, and prefetches the next page while one is used."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from glimpse.glance.errors import TooLarge
from glimpse.glance.responses import parse_document
from glimpse.images.errors import InvalidResponse
from glimpse.upstream.transport import Response

_MAX_PAGES = 100_000
_MAX_IMAGES = 10_000  # of a page; Glance sends at most the 1,000 that are requested
_LONGEST_MARKER = 255  # characters
_SHRINK_FACTOR = 8  # how many times smaller the next try is after a page of too many bytes
_MAX_PREFETCHES = 8


class FetchedPage(NamedTuple):
    """A page as Glance sent it: documents of images, and the marker of the next page if any."""

    documents: list[dict[str, Any]]
    next_marker: str | None


class DocumentPage(NamedTuple):
    """A page of documents of images; `is_last` and `has_more` are as in `images.Page`."""

    documents: list[dict[str, Any]]
    is_last: bool = True
    has_more: bool = False


# Requests the page after a marker, of at most so many images. May raise TooLarge.
FetchPage = Callable[[str | None, int], Awaitable[object]]


class PrefetchLimit:
    """Limits the number of lists that prefetch a page at the same time.

    A prefetched page may take megabytes. Further lists fetch each page when it is needed.
    """

    def __init__(self, maximum: int = _MAX_PREFETCHES) -> None:
        self._free = maximum

    def acquire(self) -> bool:
        """Return True if a page may be prefetched now; the caller must `release` it later."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """Allow another page to be prefetched."""
        self._free += 1


class _NextPage:
    """The next page of a list, prefetched if `limit` allows that, else fetched when used.

    If a page has too many bytes, it is fetched again with fewer images, and so are later pages.
    """

    def __init__(self, fetch: FetchPage, limit: PrefetchLimit, page_size: int) -> None:
        self._fetch = fetch
        self._limit = limit
        self._page_size = page_size
        self._prefetch: asyncio.Future[object] | None = None

    def start(self, marker: str | None, wanted: int) -> None:
        """Start to fetch the page after `marker`, of at most `wanted` images, if allowed."""
        if self._limit.acquire():
            count = min(self._page_size, wanted)
            self._prefetch = asyncio.ensure_future(self._fetch(marker, count))

    async def get(self, marker: str | None, wanted: int) -> object:
        """Return the page after `marker`, of at most `wanted` images.

        Raises TooLarge if a single image has too many bytes, and the errors of the request.
        """
        while True:
            count = min(self._page_size, wanted)
            try:
                prefetch = self._prefetch
                return await (
                    self._await_prefetch(prefetch) if prefetch else self._fetch(marker, count)
                )
            except TooLarge:
                if count == 1:
                    raise
                self._page_size = max(1, count // _SHRINK_FACTOR)

    async def _await_prefetch(self, prefetch: "asyncio.Future[object]") -> object:
        await asyncio.wait((prefetch,))
        self._prefetch = None
        self._limit.release()
        return prefetch.result()

    async def close(self) -> None:
        """Cancel a prefetch that was not used."""
        if self._prefetch is not None:
            self._prefetch.cancel()
            self._limit.release()
            await asyncio.gather(self._prefetch, return_exceptions=True)


async def iterate_pages(
    fetch: FetchPage,
    *,
    limit: int | None,
    marker: str | None,
    page_size: int,
    parse: Callable[[Any], FetchedPage] = lambda page: page,
    prefetch_limit: PrefetchLimit | None = None,
) -> AsyncGenerator[DocumentPage, None]:
    """Yield the images after `marker`, at most `limit`, in pages of at most `page_size`.

    `parse` parses a response of `fetch` when its page is used: parsed, it takes more memory. While
    a page is used, the next one is prefetched if there is one and `prefetch_limit` allows that.

    Raises InvalidResponse for a list that repeats a marker or has more than 100,000 pages, TooLarge
    if a single image has too many bytes, and the errors of `fetch` and `parse`.
    """
    remaining = sys.maxsize if limit is None else limit
    seen = {marker}
    next_page = _NextPage(fetch, prefetch_limit or PrefetchLimit(), page_size)
    try:
        for _ in range(_MAX_PAGES):
            # One more than remain, to find out whether there is one.
            documents, next_marker = parse(await next_page.get(marker, remaining + 1))
            if len(documents) > remaining:
                yield DocumentPage(documents[:remaining], has_more=True)
                return
            if next_marker is None:
                yield DocumentPage(documents)
                return
            if not documents or next_marker in seen:
                break
            seen.add(next_marker)
            marker = next_marker
            remaining -= len(documents)
            next_page.start(marker, remaining + 1)
            yield DocumentPage(documents, is_last=False)
        raise InvalidResponse("The Image service's list does not end.")
    finally:
        await next_page.close()


def parse_page(response: Response) -> FetchedPage:
    """Parse a page of a list.

    Raises InvalidResponse for a response that is not a page of images, or whose next link has no
    marker; TooLarge for one with more than 100,000 JSON objects and arrays.
    """
    document = parse_document(response)
    documents = document.get("images")
    if not isinstance(documents, list) or len(documents) > _MAX_IMAGES:
        raise InvalidResponse("The Image service's answer is not a page of a list of images.")
    return FetchedPage(documents, parse_next_marker(document))


def parse_next_marker(document: dict[str, Any]) -> str | None:
    """Return the marker in the ``next`` link of a page, None without a link.

    Host, path and filters of the link are ignored. Raises InvalidResponse for a link without a
    marker.
    """
    link = document.get("next")
    if link is None:
        return None
    try:
        marker = parse_qs(urlsplit(link).query)["marker"][-1]
    except (KeyError, ValueError, TypeError, AttributeError):
        marker = ""
    if not isinstance(marker, str) or not 0 < len(marker) <= _LONGEST_MARKER:
        raise InvalidResponse("The Image service's next link has no marker.")
    return marker
