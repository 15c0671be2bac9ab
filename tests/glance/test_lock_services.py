"""Turns through every lock service that many machines can share: the real servers."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest

from glimpse.glance.image_locks import ImageLocks
from glimpse.images.errors import Unavailable
from tests.glance.test_image_locks import hold_a_turn
from tests.support.databases import etcd, mariadb, postgresql
from tests.support.faultproxy import Fault, FaultProxy
from tests.support.process import ServerProcess
from tests.support.services import memcached, redis_server

# What tooz says of its PostgreSQL driver, and pymysql of how tooz calls it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PostgreSQL driver is deprecated"),
    pytest.mark.filterwarnings("ignore:single argument is deprecated"),
]

# Seconds until the lock of a dead holder is free. Memcached counts whole ones, of which the first
# may be over at once: two would leave one beat of the heart between a lock and its end.
SHORT = "?lock_timeout=4"
WAIT = 20.0  # seconds: more than any bounded wait takes here

Start = Callable[[Path], AbstractContextManager[ServerProcess]]


class LockServer(NamedTuple):
    """What runs, behind a proxy, and the URL of it with a place for the port."""

    proxy: FaultProxy
    url: str


SERVERS: dict[str, tuple[Start, str]] = {
    "redis": (redis_server, "redis://127.0.0.1:{}" + SHORT),
    "memcached": (memcached, "memcached://127.0.0.1:{}" + SHORT),
    "etcd": (etcd, "etcd3+http://127.0.0.1:{}" + SHORT),
    "mysql": (mariadb, "mysql://root@127.0.0.1:{}/mysql"),
    "postgresql": (postgresql, "postgresql://postgres@127.0.0.1:{}/postgres"),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LockServer]:
    start, url = SERVERS[request.param]
    with (
        start(tmp_path_factory.mktemp(request.param)) as process,
        FaultProxy(process.address) as proxy,
    ):
        yield LockServer(proxy, url.format(proxy.port))


async def test_writers_take_turns(server: LockServer) -> None:
    """Two processes' worth of them: nothing but the lock service is between these two."""
    both = [ImageLocks(server.url, WAIT) for _ in range(2)]
    at_work = 0

    async def write(turns: ImageLocks) -> None:
        nonlocal at_work
        async with turns.lock("image"):
            at_work += 1
            assert at_work == 1, "two wrote at once"
            await asyncio.sleep(0.002)
            at_work -= 1

    await asyncio.gather(*(write(both[number % 2]) for number in range(40)))
    for turns in both:
        await turns.close()


async def test_a_holder_that_is_killed_holds_nobody_up_for_long(server: LockServer) -> None:
    here, there = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(
        target=hold_a_turn, args=(server.url, there)
    )
    holder.start()
    there.close()  # or nobody would notice a holder that cannot start
    turns, impatient = ImageLocks(server.url, WAIT), ImageLocks(server.url, 0.5)
    try:
        assert await asyncio.to_thread(here.recv) == "held"
        with pytest.raises(Unavailable):
            async with impatient.lock("image"):
                pytest.fail("two held the turn at once")
    finally:
        holder.kill()
        holder.join()
    began = time.monotonic()
    async with turns.lock("image"):
        assert time.monotonic() - began < WAIT / 2
    await turns.close()
    await impatient.close()


async def test_a_turn_that_lasts_stays_the_holders(server: LockServer) -> None:
    """Longer than the lock of a dead holder would."""
    one, other = ImageLocks(server.url, WAIT), ImageLocks(server.url, 0.5)
    async with one.lock("image"):
        await asyncio.sleep(5)
        with pytest.raises(Unavailable):
            async with other.lock("image"):
                pytest.fail("two held the turn at once")
    await one.close()
    await other.close()


@pytest.mark.parametrize("fault", [None, Fault("hang"), Fault("reset")])
async def test_trouble_is_answered_in_time_and_ends(
    server: LockServer, fault: Fault | None
) -> None:
    turns = ImageLocks(server.url, 2)
    image = f"image of {fault}"  # what was asked of a server that hung may last for a while
    async with turns.lock(image):
        pass
    if fault:
        server.proxy.fail(fault)
    else:
        server.proxy.refuse()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        async with turns.lock(image):
            pytest.fail("there was nobody to ask for the turn")
    assert time.monotonic() - began < 3
    server.proxy.mend()
    await eventually_takes_a_turn(turns, image)
    await turns.close()


async def eventually_takes_a_turn(turns: ImageLocks, image: str) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            with contextlib.suppress(Unavailable):
                async with turns.lock(image):
                    return
            await asyncio.sleep(0.1)
