"""The lock service: named wrongly, out of reach, and back again."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tooz.locking import Lock

from glimpse.glance.lock_service import LockService, UnusableLockService, with_timeouts
from glimpse.images.errors import Unavailable
from tests.support.faultproxy import Fault, FaultProxy
from tests.support.services import memcached, redis_server


def test_locks_that_outlive_their_holder_expire() -> None:
    assert with_timeouts("redis://h:1?db=2") == "redis://h:1?db=2&lock_timeout=10&socket_timeout=5"
    assert with_timeouts("redis://h?lock_timeout=3&socket_timeout=1").count("timeout") == 2
    assert with_timeouts("memcached://h") == "memcached://h?lock_timeout=10&timeout=5"
    assert with_timeouts("etcd3+http://h?timeout=2") == "etcd3+http://h?timeout=2&lock_timeout=10"
    assert with_timeouts("mysql://u@h/d") == "mysql://u@h/d"
    assert with_timeouts("file:///d") == "file:///d"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense://host", "'nonsense' is no lock service"),
        ("", "'' is no lock service"),
        ("zookeeper://host", "zookeeper needs a library"),
        ("redis://host?lock_timeout=short", "this URL of 'redis' is not as tooz wants it"),
    ],
)
def test_a_lock_service_that_cannot_be_used_is_said(url: str, words: str) -> None:
    with pytest.raises(UnusableLockService, match=words):
        LockService(url)


@pytest.mark.parametrize(
    "fault", [None, Fault("hang"), Fault("reset")], ids=["refuses", "hangs", "resets"]
)
async def test_redis_in_trouble_is_unavailable_and_comes_back(
    tmp_path: Path, fault: Fault | None
) -> None:
    with redis_server(tmp_path) as redis, FaultProxy(redis.address) as proxy:
        # A lock whose confirmation was lost stays for a second.
        url = f"redis://127.0.0.1:{proxy.port}?lock_timeout=1&socket_timeout=0.5"
        locks = LockService(url, call_timeout=0.5)
        for _ in range(2):  # before there was a connection, and after
            if fault:
                proxy.fail(fault)
            else:
                proxy.refuse()
            tries = (locks.try_lock("image") for _ in range(20))
            outcomes = await asyncio.gather(*tries, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {Unavailable}
            proxy.mend()
            await locks.release(await eventually_locked(locks))
        await all_come_back(locks)  # or they would go on trying when Redis is no more
        await locks.close()


async def test_trouble_and_its_end_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of_others = set(threading.enumerate())
    with memcached(tmp_path) as server, FaultProxy(server.address) as proxy:
        locks = LockService(f"memcached://127.0.0.1:{proxy.port}?lock_timeout=2")
        await locks.release(await eventually_locked(locks))
        for _ in range(2):
            proxy.refuse()
            await told(caplog, "cannot be changed until it is back: Connection")
            await asyncio.sleep(1.5)  # it is tried again each second
            proxy.mend()
            await told(caplog, "The lock service responds again.")
            assert len(caplog.messages) == 2, caplog.messages
            caplog.clear()
        proxy.refuse()
        await told(caplog, "cannot be changed until it is back: Connection")
        await locks.close()
        await until(lambda: not hearts() - of_others)


def hearts() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "lock-heartbeat"}


async def told(caplog: pytest.LogCaptureFixture, message: str) -> None:
    await until(lambda: message in caplog.text)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  threads set no asyncio.Event
            await asyncio.sleep(0.05)


async def all_come_back(locks: LockService) -> None:
    await until(lambda: not locks.abandoned_calls)


async def eventually_locked(locks: LockService) -> Lock:
    """The lock as soon as it can be had."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Unavailable):
                lock = await locks.try_lock("image")
                if lock is not None:
                    return lock
            await asyncio.sleep(0.05)
