"""ImageLocks with lock files."""

import asyncio
import multiprocessing
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from glimpse.glance.image_locks import ImageLocks, lock_name
from glimpse.images.errors import Unavailable


def hold_lock(url: str, ready: Connection) -> None:
    """Hold the lock of an image until this process, a child of the test, is killed."""

    async def hold() -> None:
        async with ImageLocks(url, 5).lock("image"):
            ready.send("held")
            await asyncio.sleep(60)

    asyncio.run(hold())


async def test_waiting_for_a_lock_ends_with_the_timeout(tmp_path: Path) -> None:
    holder, waiter = ImageLocks(f"file://{tmp_path}", 5), ImageLocks(f"file://{tmp_path}", 0.1)
    async with holder.lock("image"):
        with pytest.raises(Unavailable):
            async with waiter.lock("image"):
                pytest.fail("two held the lock at once")
    async with waiter.lock("image"):
        pass


async def test_timeout_of_the_block_itself_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with ImageLocks(f"file://{tmp_path}", 5).lock("image"):
            raise TimeoutError


# fasteners leaves the file of a lock that was not acquired to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_lock_of_a_killed_holder_is_free_when_its_write_has_ended(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    here, there = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(target=hold_lock, args=(url, there))
    holder.start()
    there.close()  # otherwise recv would block if the holder cannot start
    try:
        assert await asyncio.to_thread(here.recv) == "held"
        with pytest.raises(Unavailable):
            async with ImageLocks(url, 0.1).lock("image"):
                pytest.fail("two held the lock at once")
    finally:
        holder.kill()
        holder.join()
    assert holder.exitcode == -signal.SIGKILL
    # Glance may still be processing the PATCH of the killed holder.
    with pytest.raises(Unavailable):
        async with ImageLocks(url, 0.1, write_expiry=60).lock("image"):
            pytest.fail("the lock was acquired before the killed holder's write was surely over")
    a_minute_later = ImageLocks(url, 0.1, write_expiry=60, clock=lambda: time.time() + 61)
    async with a_minute_later.lock("image"):
        pass
    # That write has ended: the next one need not wait.
    async with ImageLocks(url, 0.1, write_expiry=60).lock("image"):
        pass


async def test_unusable_lock_directory_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Unavailable):
        async with ImageLocks(f"file://{file}", 1).lock("image"):
            pytest.fail("there was no lock to hold")


async def test_marker_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    locks = ImageLocks(f"file://{tmp_path}", 1)
    (tmp_path / f"{lock_name('image')}.writing").symlink_to(tmp_path / "nowhere" / "marker")
    with pytest.raises(Unavailable):
        async with locks.lock("image"):
            pytest.fail("no other process could tell that a write is in progress")


async def test_marker_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    marker = tmp_path / f"{lock_name('image')}.writing"
    marker.symlink_to(marker)  # "Too many levels of symbolic links"
    with pytest.raises(Unavailable):
        async with ImageLocks(f"file://{tmp_path}", 1).lock("image"):
            pytest.fail("no other process could tell that a write is in progress")


async def test_marker_that_cannot_be_removed_is_logged_after_the_write(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    marker = tmp_path / f"{lock_name('image')}.writing"
    async with ImageLocks(f"file://{tmp_path}", 1).lock("image"):
        marker.unlink()
        marker.mkdir()
    assert f"{marker} cannot be removed" in caplog.text


def test_any_text_has_a_lock_name() -> None:
    assert lock_name("../\ud800") != lock_name("image")
    assert "/" not in lock_name("../..")
