"""Reads lists of Glance page by page, and prefetches the next page while one is in use."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from glimpse.glance.error_mapping import TooLarge
from glimpse.glance.responses import parse_document
from glimpse.images.errors import InvalidResponse
from glimpse.upstream.transport import Response

_MAX_PAGES = 100_000
# How many lists may hold a prefetched page at the same time. Other lists fetch a page when the page
# is needed.
MAX_PREFETCHES = 8
_MAX_IMAGES = 10_000  # of a page; Glance sends at most the 1,000 that are requested
_MAX_MARKER_LENGTH = 255  # characters
_SHRINK_FACTOR = 8  # how many times smaller the next try is after a page of too many bytes

# Called with a marker (None: the first page) and a limit. Requests the page of at most that many
# images after the marker. Raises TooLarge if a page of fewer images should be requested.
FetchPage = Callable[[str | None, int], Awaitable[Response]]


class GlancePage(NamedTuple):
    """A page as Glance sent it: documents of images, and the marker of the next page.

    On the last page, `next_marker` is None.
    """

    documents: list[dict[str, Any]]
    next_marker: str | None


async def iterate_pages(
    fetch: FetchPage,
    *,
    marker: str | None,
    wanted: int,
    page_size: int,
    prefetch_limit: asyncio.Semaphore,
) -> AsyncGenerator[GlancePage, None]:
    """Yield the pages after `marker` until they have `wanted` images or the list ends.

    If `marker` is None, the list begins at its first image. `wanted` is at least 1. Requests at
    most `page_size` images for a page, and fewer after `fetch` has raised TooLarge. Glance may send
    more. `next_marker` of the last page is None, even if Glance has more images. Prefetches a page
    if `prefetch_limit` has a free place. Close the generator (`aclose`) to cancel a prefetch.

    Raises InvalidResponse if the list repeats a marker, has an empty page before the last one, or
    has more than 100,000 pages. Raises TooLarge if `fetch` raises TooLarge for a page of one image.
    Also raises the other errors of `fetch`, and the errors of `parse_page`.
    """
    seen, count, prefetch = {marker}, min(page_size, wanted), _Prefetch(fetch, prefetch_limit)
    try:
        for _ in range(_MAX_PAGES):
            response, count = await prefetch.take(marker, count)
            page = parse_page(response)  # not before: parsed, a page takes more memory
            del response  # it may have megabytes, which are not needed while the page is used
            wanted -= len(page.documents)
            marker = page.next_marker if wanted > 0 else None
            if marker is not None:
                if not page.documents or marker in seen:
                    break
                seen.add(marker)
                await prefetch.start(marker, count := min(count, wanted))
            unsent = [page._replace(next_marker=marker)]
            del page  # a slow client may take long to receive it
            yield unsent.pop()
            if marker is None:
                return
        raise InvalidResponse("The Image service's list does not end.")
    finally:
        await prefetch.cancel()


class _Prefetch:
    """Fetches the next page of a list while the present page is in use.

    `limit` bounds the number of prefetched pages of all lists together.
    """

    def __init__(self, fetch: FetchPage, limit: asyncio.Semaphore) -> None:
        self._fetch = fetch
        self._limit = limit
        self._task: asyncio.Task[tuple[Response, int]] | None = None

    async def start(self, marker: str, count: int) -> None:
        """Begin to fetch the page after `marker`, of at most `count` images.

        Does nothing if `limit` is exhausted: `take` then fetches the page. Call `take` before the
        next `start`. Call `take` or `cancel` at the end, or a place of `limit` stays taken.
        """
        if not self._limit.locked():
            await self._limit.acquire()
            self._task = asyncio.create_task(_fetch_shrinking(self._fetch, marker, count))

    async def take(self, marker: str | None, count: int) -> tuple[Response, int]:
        """Return the page that `start` began to fetch. Without such a fetch, fetch the page here.

        `marker` and `count` are used only without such a fetch. Returns the response and the number
        of images that were requested. Raises TooLarge if a page of one image is too large, and the
        other errors of `fetch`.
        """
        if self._task is None:
            return await _fetch_shrinking(self._fetch, marker, count)
        try:
            return await self._task
        finally:
            self._task = None
            self._limit.release()

    async def cancel(self) -> None:
        """Cancel the fetch in progress, if there is one, and wait until the fetch has ended.

        Call this once, at the end. A fetched page is thrown away.
        """
        if self._task is not None:
            self._task.cancel()
            self._limit.release()
            await asyncio.gather(self._task, return_exceptions=True)


async def _fetch_shrinking(
    fetch: FetchPage, marker: str | None, count: int
) -> tuple[Response, int]:
    """Fetch a page of at most `count` images; after each TooLarge, try an eighth as many.

    Returns the response and the number of images that were requested. Raises TooLarge if a page of
    one image is too large, and the other errors of `fetch`.
    """
    while True:
        try:
            return await fetch(marker, count), count
        except TooLarge:
            if count == 1:
                raise
            count = max(1, count // _SHRINK_FACTOR)


def parse_page(response: Response) -> GlancePage:
    """Return the page in a successful response to a list.

    The documents of the images are not checked. Raises InvalidResponse if the body is not a JSON
    object with a list ``images`` of at most 10,000 entries, or if the ``next`` link has no marker.
    Raises TooLarge if the body has more than 100,000 opening brackets and braces.
    """
    document = parse_document(response)
    documents = document.get("images")
    if not isinstance(documents, list) or len(documents) > _MAX_IMAGES:
        raise InvalidResponse("The Image service's response is not a page of a list of images.")
    return GlancePage(documents, parse_next_marker(document))


def parse_next_marker(document: dict[str, Any]) -> str | None:
    """Return the marker in the ``next`` link of a page; None if the link is missing or null.

    Host, path and filters of the link are ignored. Raises InvalidResponse if the link has no
    marker, or a marker of more than 255 characters.
    """
    link = document.get("next")
    if link is None:
        return None
    try:
        marker = parse_qs(urlsplit(link).query)["marker"][-1]
    except (KeyError, ValueError, TypeError, AttributeError):
        marker = ""
    if not isinstance(marker, str) or not 0 < len(marker) <= _MAX_MARKER_LENGTH:
        raise InvalidResponse("The Image service's next link has no marker.")
    return marker
