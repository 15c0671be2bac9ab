"""WriterThread: each write is performed or refused."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.embedded.sqlite.writer_thread import WriterThread
from glimpse.images.errors import Unavailable


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[WriterThread]:
    made = WriterThread(open_and_migrate(tmp_path / "catalog.sqlite"))
    yield made
    made.close()


def test_write_after_close_raises_unavailable(writer: WriterThread) -> None:
    writer.close()
    with pytest.raises(Unavailable, match="closed"):
        asyncio.run(asyncio.wait_for(writer.run(lambda _: None), 10))


def test_close_performs_the_waiting_writes(writer: WriterThread) -> None:
    async def write_and_close() -> list[int]:
        def returning(number: int) -> Callable[[ImageWriter], int]:
            return lambda _: number

        waiting = [asyncio.ensure_future(writer.run(returning(n))) for n in range(300)]
        await asyncio.sleep(0)  # all writes are in the queue
        await asyncio.to_thread(writer.close)
        return list(await asyncio.gather(*waiting))

    assert asyncio.run(write_and_close()) == list(range(300))


def test_writer_survives_an_event_loop_that_ends_before_its_write(writer: WriterThread) -> None:
    started, finish = threading.Event(), threading.Event()

    def slow(_: ImageWriter) -> None:
        started.set()
        finish.wait(10)

    async def give_up() -> None:
        waiting = asyncio.ensure_future(writer.run(slow))
        await asyncio.to_thread(started.wait, 10)
        waiting.cancel()

    asyncio.run(give_up())
    finish.set()
    assert asyncio.run(asyncio.wait_for(writer.run(lambda _: "written"), 10)) == "written"


def test_failed_write_raises_unavailable_and_the_next_one_succeeds(writer: WriterThread) -> None:
    def fail(_: ImageWriter) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(Unavailable, match="disk I/O error"):
        asyncio.run(writer.run(fail))
    assert asyncio.run(writer.run(lambda _: "written")) == "written"


def test_write_is_refused_while_a_thousand_wait(writer: WriterThread) -> None:
    release = threading.Event()

    async def write_too_many() -> None:
        running = asyncio.ensure_future(writer.run(lambda _: release.wait(20)))
        waiting = [asyncio.ensure_future(writer.run(lambda _: None)) for _ in range(1300)]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        assert 999 <= len(pending) <= 1255, "the writer takes up to 256 at once"
        for each in done:
            with pytest.raises(Unavailable, match="Too many writes") as refused:
                each.result()
            assert refused.value.retry_after == 1
        release.set()
        await asyncio.gather(running, *pending)
        await writer.run(lambda _: None)

    try:
        asyncio.run(write_too_many())
    finally:
        release.set()


def test_a_writer_whose_rollback_fails_refuses_writes_until_sqlite_works_again(
    tmp_path: Path,
) -> None:
    connection = open_and_migrate(tmp_path / "catalog.sqlite")
    writer = WriterThread(connection)

    def deny_ends(action: int, operation: str | None, *_: str | None) -> int:
        is_end = action == sqlite3.SQLITE_TRANSACTION and operation in ("COMMIT", "ROLLBACK")
        return sqlite3.SQLITE_DENY if is_end else sqlite3.SQLITE_OK

    async def write() -> object:
        return await asyncio.wait_for(writer.run(lambda _: "written"), 10)

    connection.set_authorizer(deny_ends)
    for _ in range(2):
        with pytest.raises(Unavailable):
            asyncio.run(write())
    connection.set_authorizer(None)
    with pytest.raises(Unavailable):
        asyncio.run(write())  # the transaction is rolled back now
    assert asyncio.run(write()) == "written"
    writer.close()
