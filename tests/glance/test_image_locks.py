"""Turns of writers, over lock files."""

import asyncio
import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from glimpse.glance.image_locks import ImageLocks, lock_name
from glimpse.images.errors import Unavailable


def hold_a_turn(url: str, told: Connection) -> None:
    async def hold() -> None:
        async with ImageLocks(url, 5).lock("image"):
            told.send("held")
            await asyncio.sleep(60)

    asyncio.run(hold())


async def test_a_wait_for_a_turn_ends(tmp_path: Path) -> None:
    one, other = ImageLocks(f"file://{tmp_path}", 5), ImageLocks(f"file://{tmp_path}", 0.1)
    async with one.lock("image"):
        with pytest.raises(Unavailable):
            async with other.lock("image"):
                pytest.fail("two held the turn at once")
    async with other.lock("image"):
        pass


async def test_a_writers_own_deadline_is_not_taken_for_a_long_wait(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with ImageLocks(f"file://{tmp_path}", 5).lock("image"):
            raise TimeoutError


# fasteners leaves the file of a lock that was never got to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_turn_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    here, there = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(target=hold_a_turn, args=(url, there))
    holder.start()
    there.close()  # or nobody would notice a holder that cannot start
    try:
        assert await asyncio.to_thread(here.recv) == "held"
        with pytest.raises(Unavailable):
            async with ImageLocks(url, 0.1).lock("image"):
                pytest.fail("two held the turn at once")
    finally:
        holder.kill()
        holder.join()
    assert holder.exitcode == -signal.SIGKILL
    # Glance may still be at work on what the killed one sent: that is given its time.
    with pytest.raises(Unavailable):
        async with ImageLocks(url, 0.1, write_expiry=60).lock("image"):
            pytest.fail("the turn came before the killed writer's change was surely done")
    async with ImageLocks(url, 5, write_expiry=0.1).lock("image"):
        pass
    async with ImageLocks(url, 0.1, write_expiry=60).lock("image"):
        pass


async def test_a_lock_service_that_is_down_is_unavailable(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(Unavailable):
        async with ImageLocks(f"file://{in_the_way}", 1).lock("image"):
            pytest.fail("there was no lock to hold")


async def test_a_mark_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    turns = ImageLocks(f"file://{tmp_path}", 1)
    (tmp_path / f"{lock_name('image')}.writing").symlink_to(tmp_path / "nowhere" / "mark")
    with pytest.raises(Unavailable):
        async with turns.lock("image"):
            pytest.fail("nobody could tell that something is being written")


def test_any_text_names_a_lock() -> None:
    assert lock_name("../\ud800") != lock_name("image")
    assert "/" not in lock_name("../..")
