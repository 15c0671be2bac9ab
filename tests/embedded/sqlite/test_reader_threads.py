"""ReaderThreads: the limit of reads that run or wait, and reads after the end."""

import asyncio
import threading
from pathlib import Path

import pytest

from glimpse.embedded.sqlite.catalog_failures import CatalogFailures
from glimpse.embedded.sqlite.reader_threads import ReaderThreads
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.images.errors import Unavailable


def test_read_is_refused_while_five_hundred_run_or_wait(tmp_path: Path) -> None:
    open_and_migrate(tmp_path / "catalog.sqlite").close()
    readers = ReaderThreads(tmp_path / "catalog.sqlite", CatalogFailures(tmp_path))
    release = threading.Event()

    async def search_too_often() -> None:
        running = [
            asyncio.ensure_future(readers.run(lambda _: release.wait(20))) for _ in range(500)
        ]
        await asyncio.sleep(0)  # each search has started
        with pytest.raises(Unavailable, match="Too many searches") as refused:
            await readers.run(lambda _: None)
        assert refused.value.retry_after == 1
        release.set()
        await asyncio.gather(*running)
        assert await readers.run(lambda _: "found") == "found"

    try:
        asyncio.run(search_too_often())
    finally:
        release.set()
        readers.close()


async def test_read_is_refused_once_the_threads_have_ended(tmp_path: Path) -> None:
    open_and_migrate(tmp_path / "catalog.sqlite").close()
    readers = ReaderThreads(tmp_path / "catalog.sqlite", CatalogFailures(tmp_path))
    readers.close()
    for _ in range(600):  # such reads do not count as waiting
        with pytest.raises(Unavailable, match="The catalog is closed"):
            await readers.run(lambda _: None)


async def test_read_is_refused_with_the_reason_while_no_thread_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    open_and_migrate(tmp_path / "catalog.sqlite").close()
    readers = ReaderThreads(tmp_path / "catalog.sqlite", CatalogFailures(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(Unavailable, match="No thread can be started"):
            await readers.run(lambda _: None)
    assert await readers.run(lambda _: "found") == "found"
    await asyncio.to_thread(readers.close)
