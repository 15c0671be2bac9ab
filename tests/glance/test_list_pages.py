"""iterate_pages: which pages are fetched, and when."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from glimpse.glance.list_pages import DocumentPage, FetchedPage, PrefetchLimit, iterate_pages


class Source:
    """Fetches pages of a list of `size` numbered images, each as soon as `ready` is set."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.fetched: list[tuple[str | None, int]] = []
        self.cancelled: list[str | None] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def __call__(self, marker: str | None, count: int) -> FetchedPage:
        self.fetched.append((marker, count))
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled.append(marker)
            raise
        start = 0 if marker is None else int(marker)
        end = min(self._size, start + count)
        documents = [{"id": str(number)} for number in range(start, end)]
        return FetchedPage(documents, str(end) if end - start == count else None)


async def test_next_page_is_prefetched_while_the_current_one_is_used() -> None:
    source = Source(10)
    async with aclosing(iterate_pages(source, limit=None, marker=None, page_size=4)) as pages:
        assert len((await anext(pages)).documents) == 4
        await asyncio.sleep(0)
        assert source.fetched == [(None, 4), ("4", 4)]
        await asyncio.sleep(0.01)
        assert len(source.fetched) == 2, "more than one page was prefetched"
        assert [len(page.documents) async for page in pages] == [4, 2]
    assert source.fetched == [(None, 4), ("4", 4), ("8", 4)]


async def test_only_so_many_lists_prefetch_at_once() -> None:
    prefetch_limit = PrefetchLimit(1)
    first, second = Source(10), Source(10)

    def pages_of(source: Source) -> AsyncGenerator[DocumentPage, None]:
        return iterate_pages(
            source, limit=None, marker=None, page_size=4, prefetch_limit=prefetch_limit
        )

    async with aclosing(pages_of(first)) as prefetching, aclosing(pages_of(second)) as slow:
        await anext(prefetching)
        await anext(slow)
        await asyncio.sleep(0)
        assert (len(first.fetched), len(second.fetched)) == (2, 1)
        assert [len(page.documents) async for page in slow] == [4, 2]
    assert prefetch_limit.acquire(), "the cancelled prefetch was not released"


@pytest.mark.parametrize(
    ("limit", "fetched"),
    [
        (3, [(None, 4)]),
        (4, [(None, 4), ("4", 1)]),
        (6, [(None, 4), ("4", 3)]),
        (10, [(None, 4), ("4", 4), ("8", 3)]),
    ],
)
async def test_no_more_images_are_requested_than_needed(
    limit: int, fetched: list[tuple[str | None, int]]
) -> None:
    source = Source(10)
    pages = [page async for page in iterate_pages(source, limit=limit, marker=None, page_size=4)]
    assert sum(len(page.documents) for page in pages) == limit
    assert pages[-1].has_more is (limit < 10)
    assert source.fetched == fetched


async def test_closing_the_list_cancels_its_prefetch() -> None:
    source = Source(100)
    pages = iterate_pages(source, limit=None, marker=None, page_size=10)
    await anext(pages)
    source.ready.clear()
    await asyncio.sleep(0)
    await pages.aclose()
    assert source.cancelled == ["10"]
    assert len(asyncio.all_tasks()) == 1


async def test_failed_prefetch_raises_when_its_page_is_needed() -> None:
    whole = Source(100)

    async def fetch(marker: str | None, count: int) -> FetchedPage:
        if marker is not None:
            raise ConnectionResetError
        return await whole(marker, count)

    pages = iterate_pages(fetch, limit=None, marker=None, page_size=10)
    assert len((await anext(pages)).documents) == 10
    await asyncio.sleep(0.01)
    with pytest.raises(ConnectionResetError):
        await anext(pages)
