"""When the pages of a list are asked for: one ahead of its reader, and none in vain."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from glimpse.glance.list_pages import DocumentPage, FetchedPage, PrefetchLimit, iterate_pages


class RequestTarget:
    """What was asked of a catalog of numbers; each page takes as long as `hurry` is not set."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.began: list[tuple[str | None, int]] = []
        self.given_up: list[str | None] = []
        self.hurry = asyncio.Event()
        self.hurry.set()

    async def __call__(self, marker: str | None, count: int) -> FetchedPage:
        self.began.append((marker, count))
        try:
            await self.hurry.wait()
        except asyncio.CancelledError:
            self.given_up.append(marker)
            raise
        start = 0 if marker is None else int(marker)
        end = min(self._size, start + count)
        documents = [{"id": str(number)} for number in range(start, end)]
        return FetchedPage(documents, str(end) if end - start == count else None)


async def test_the_next_page_is_made_while_the_present_one_is_used() -> None:
    ask = RequestTarget(10)
    async with aclosing(iterate_pages(ask, limit=None, marker=None, page_size=4)) as parts:
        assert len((await anext(parts)).documents) == 4
        await asyncio.sleep(0)
        assert ask.began == [(None, 4), ("4", 4)]
        await asyncio.sleep(0.01)
        assert len(ask.began) == 2, "more than one page ahead of the reader is kept"
        assert [len(part.documents) async for part in parts] == [4, 2]
    assert ask.began == [(None, 4), ("4", 4), ("8", 4)]


async def test_only_a_few_lists_at_once_ask_ahead() -> None:
    pages_ahead = PrefetchLimit(1)
    first, second = RequestTarget(10), RequestTarget(10)

    def walked(ask: RequestTarget) -> AsyncGenerator[DocumentPage, None]:
        return iterate_pages(ask, limit=None, marker=None, page_size=4, prefetch_limit=pages_ahead)

    async with aclosing(walked(first)) as ahead, aclosing(walked(second)) as slow:
        await anext(ahead)
        await anext(slow)
        await asyncio.sleep(0)
        assert (len(first.began), len(second.began)) == (2, 1)
        assert [len(part.documents) async for part in slow] == [4, 2], "it does without"
    assert pages_ahead.acquire(), "the one that was given up makes no room"


@pytest.mark.parametrize(
    ("limit", "began"),
    [
        (3, [(None, 4)]),
        (4, [(None, 4), ("4", 1)]),
        (6, [(None, 4), ("4", 3)]),
        (10, [(None, 4), ("4", 4), ("8", 3)]),
    ],
)
async def test_no_page_is_asked_for_that_is_not_wanted(
    limit: int, began: list[tuple[str | None, int]]
) -> None:
    ask = RequestTarget(10)
    parts = [part async for part in iterate_pages(ask, limit=limit, marker=None, page_size=4)]
    assert sum(len(part.documents) for part in parts) == limit
    assert parts[-1].more is (limit < 10)
    assert ask.began == began


async def test_a_reader_who_leaves_takes_back_what_was_asked_ahead() -> None:
    ask = RequestTarget(100)
    parts = iterate_pages(ask, limit=None, marker=None, page_size=10)
    await anext(parts)
    ask.hurry.clear()
    await asyncio.sleep(0)
    await parts.aclose()
    assert ask.given_up == ["10"]
    assert len(asyncio.all_tasks()) == 1


async def test_a_page_ahead_that_fails_fails_when_it_is_its_turn() -> None:
    whole = RequestTarget(100)

    async def ask(marker: str | None, count: int) -> FetchedPage:
        if marker is not None:
            raise ConnectionResetError
        return await whole(marker, count)

    parts = iterate_pages(ask, limit=None, marker=None, page_size=10)
    assert len((await anext(parts)).documents) == 10
    await asyncio.sleep(0.01)
    with pytest.raises(ConnectionResetError):
        await anext(parts)
