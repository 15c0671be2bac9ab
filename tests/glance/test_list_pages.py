"""iterate_pages: which pages are fetched, and when."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
import pytest

from glimpse.glance.list_pages import FetchPage, GlancePage, iterate_pages
from glimpse.upstream.transport import Response


class Source:
    """Fetches pages of a list of `size` numbered images when `ready` is set."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.fetched: list[tuple[str | None, int]] = []
        self.cancelled: list[str | None] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def __call__(self, marker: str | None, count: int) -> Response:
        self.fetched.append((marker, count))
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled.append(marker)
            raise
        start = 0 if marker is None else int(marker)
        end = min(self._size, start + count)
        body: dict[str, object] = {"images": [{"id": str(number)} for number in range(start, end)]}
        if end - start == count:
            body["next"] = f"/v2/images?marker={end}"
        return Response(200, [], orjson.dumps(body))


def pages_of(
    fetch: FetchPage,
    *,
    wanted: int = sys.maxsize,
    page_size: int = 4,
    prefetch_limit: asyncio.Semaphore | None = None,
) -> AsyncGenerator[GlancePage, None]:
    return iterate_pages(
        fetch,
        marker=None,
        wanted=wanted,
        page_size=page_size,
        prefetch_limit=prefetch_limit or asyncio.Semaphore(),
    )


async def settled() -> None:
    """Let all tasks run that wait for nothing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_next_page_is_prefetched_while_the_current_one_is_used() -> None:
    source = Source(10)
    async with aclosing(pages_of(source)) as pages:
        assert len((await anext(pages)).documents) == 4
        await asyncio.sleep(0)
        assert source.fetched == [(None, 4), ("4", 4)]
        await settled()
        assert len(source.fetched) == 2, "more than one page was prefetched"
        assert [len(page.documents) async for page in pages] == [4, 2]
    assert source.fetched == [(None, 4), ("4", 4), ("8", 4)]


async def test_a_limited_number_of_lists_prefetch_at_once() -> None:
    limit = asyncio.Semaphore(1)
    first, second = Source(10), Source(10)
    async with (
        aclosing(pages_of(first, prefetch_limit=limit)) as prefetching,
        aclosing(pages_of(second, prefetch_limit=limit)) as slow,
    ):
        await anext(prefetching)
        await anext(slow)
        await asyncio.sleep(0)
        assert (len(first.fetched), len(second.fetched)) == (2, 1)
        assert [len(page.documents) async for page in slow] == [4, 2]
    assert not limit.locked(), "the cancelled prefetch was not released"


@pytest.mark.parametrize(
    ("wanted", "fetched"),
    [
        (4, [(None, 4)]),
        (5, [(None, 4), ("4", 1)]),
        (7, [(None, 4), ("4", 3)]),
        (11, [(None, 4), ("4", 4), ("8", 3)]),
    ],
)
async def test_no_more_images_are_requested_than_wanted(
    wanted: int, fetched: list[tuple[str | None, int]]
) -> None:
    source = Source(10)
    pages = [page async for page in pages_of(source, wanted=wanted)]
    assert sum(len(page.documents) for page in pages) == min(wanted, 10)
    assert [page.next_marker is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert source.fetched == fetched


async def test_closing_the_list_cancels_its_prefetch() -> None:
    source = Source(100)
    pages = pages_of(source, page_size=10)
    await anext(pages)
    source.ready.clear()
    await asyncio.sleep(0)
    await pages.aclose()
    assert source.cancelled == ["10"]
    assert len(asyncio.all_tasks()) == 1


async def test_failed_prefetch_raises_when_its_page_is_needed() -> None:
    whole = Source(100)

    async def fetch(marker: str | None, count: int) -> Response:
        if marker is not None:
            raise ConnectionResetError
        return await whole(marker, count)

    pages = pages_of(fetch, page_size=10)
    assert len((await anext(pages)).documents) == 10
    await settled()
    with pytest.raises(ConnectionResetError):
        await anext(pages)


async def test_cancelling_a_reader_cancels_the_prefetch_that_it_waits_for() -> None:
    source, limit = Source(100), asyncio.Semaphore(1)
    pages = pages_of(source, prefetch_limit=limit)
    await anext(pages)
    source.ready.clear()
    reader = asyncio.ensure_future(anext(pages))
    await asyncio.sleep(0.01)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert source.cancelled == ["4"]
    assert len(asyncio.all_tasks()) == 1
    assert not limit.locked()
