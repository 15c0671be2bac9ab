"""ImageLocks over the real servers of every lock service that machines can share."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from tooz.coordination import get_coordinator

from glimpse.glance.image_locks import ImageLocks
from glimpse.images.errors import Unavailable
from tests.glance.test_image_locks import hold_lock
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.process import ServerProcess
from tests.support.services import etcd, mariadb, memcached, postgresql, redis_server

# Warnings of tooz about its PostgreSQL driver, and of pymysql about calls by tooz.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PostgreSQL driver is deprecated"),
    pytest.mark.filterwarnings("ignore:single argument is deprecated"),
]

# Seconds until the lock of a killed holder expires. Memcached counts whole seconds, of which the
# first may be over at once: two would leave a single heartbeat before a lock expires.
EXPIRY, MEMCACHED_EXPIRY = "?lock_timeout=2", "?lock_timeout=3"
TIMEOUT = 20.0  # seconds; only a test that fails waits for so long

Start = Callable[[Path], AbstractContextManager[ServerProcess]]


class LockServer(NamedTuple):
    """A running lock service behind a proxy, and its backend URL through the proxy."""

    proxy: FaultProxy
    url: str


SERVERS: dict[str, tuple[Start, str]] = {
    "redis": (redis_server, "redis://127.0.0.1:{}" + EXPIRY),
    "memcached": (memcached, "memcached://127.0.0.1:{}" + MEMCACHED_EXPIRY),
    "etcd": (etcd, "etcd3+http://127.0.0.1:{}" + EXPIRY),
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


async def test_one_writer_at_a_time_holds_the_lock(server: LockServer) -> None:
    """The two ImageLocks share nothing but the lock service, as two processes would."""
    both = [ImageLocks(server.url, 3 * TIMEOUT) for _ in range(2)]  # MySQL polls: 40 take long
    writers = 0

    async def write(locks: ImageLocks) -> None:
        nonlocal writers
        async with locks.lock("image"):
            writers += 1
            assert writers == 1, "two wrote at once"
            await asyncio.sleep(0.002)  # a write takes time, in which another could begin
            writers -= 1

    await asyncio.gather(*(write(both[number % 2]) for number in range(40)))
    for locks in both:
        await locks.close()


async def test_lock_of_a_killed_holder_is_soon_free(server: LockServer) -> None:
    here, there = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(
        target=hold_lock, args=(server.url, there)
    )
    holder.start()
    there.close()  # otherwise recv would block if the holder cannot start
    locks, impatient = ImageLocks(server.url, TIMEOUT), ImageLocks(server.url, 0.5)
    try:
        assert await asyncio.to_thread(here.recv) == "held"
        with pytest.raises(Unavailable):
            async with impatient.lock("image"):
                pytest.fail("two held the lock at once")
    finally:
        holder.kill()
        holder.join()
    began = time.monotonic()
    async with locks.lock("image"):
        assert time.monotonic() - began < TIMEOUT / 2
    await locks.close()
    await impatient.close()


async def test_lock_outlasts_its_expiry_while_its_holder_lives(server: LockServer) -> None:
    one, other = ImageLocks(server.url, TIMEOUT), ImageLocks(server.url, 0.5)
    async with one.lock("image"):
        await until_an_unrenewed_lock_expires(server.url)
        with pytest.raises(Unavailable):
            async with other.lock("image"):
                pytest.fail("two held the lock at once")
    await one.close()
    await other.close()


async def until_an_unrenewed_lock_expires(url: str) -> None:
    """Acquire a lock that no heartbeat renews, and wait until it is free again.

    Returns at once for databases, whose locks do not expire.
    """
    dead, other = (get_coordinator(url, name) for name in (b"dead", b"other"))
    for coordinator in (dead, other):
        await asyncio.to_thread(coordinator.start)
    if dead.requires_beating:
        assert await asyncio.to_thread(dead.get_lock(b"unrenewed").acquire, blocking=False)
        lock = other.get_lock(b"unrenewed")
        async with asyncio.timeout(TIMEOUT):
            # The servers have clocks of their own, and do not tell when a lock expires.
            while not await asyncio.to_thread(  # noqa: ASYNC110
                lock.acquire, blocking=False
            ):
                await asyncio.sleep(0.05)
    for coordinator in (dead, other):
        await asyncio.to_thread(coordinator.stop)


@pytest.mark.parametrize("fault", [None, Fault("hang"), Fault("reset")])
async def test_locks_are_unavailable_in_time_while_the_service_fails_and_work_afterwards(
    server: LockServer, fault: Fault | None
) -> None:
    locks = ImageLocks(server.url, 1)
    image = f"image of {fault}"  # calls to a server that hangs may hold the lock for a while
    await eventually_locked(locks, image)  # a slow machine may take more than a second to connect
    if fault:
        server.proxy.fail(fault)
    else:
        server.proxy.refuse()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        async with locks.lock(image):
            pytest.fail("there was no lock to hold")
    assert time.monotonic() - began < 3
    server.proxy.restore()
    await eventually_locked(locks, image)
    await locks.close()


async def eventually_locked(locks: ImageLocks, image: str) -> None:
    async with asyncio.timeout(TIMEOUT):
        while True:
            with contextlib.suppress(Unavailable):
                async with locks.lock(image):
                    return
            await asyncio.sleep(0.05)
