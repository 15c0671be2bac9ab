"""ToozLocks: invalid URLs, and lock services that fail and recover."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tooz import ToozError
from tooz.coordination import get_coordinator
from tooz.locking import Lock

from glimpse.glance.tooz_locks import ToozLocks, UnusableLockService, with_timeouts
from glimpse.images.errors import Unavailable
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.services import etcd, memcached, redis_server

FAILS = "cannot be changed until it is back: Connection"
RECOVERED = "The lock service responds again."


def test_lock_expiry_and_timeout_are_added_unless_the_url_has_them() -> None:
    assert with_timeouts("redis://h:1?db=2") == "redis://h:1?db=2&lock_timeout=10&socket_timeout=5"
    assert with_timeouts("redis://h?lock_timeout=3&socket_timeout=1").count("timeout") == 2
    assert with_timeouts("memcached://h") == "memcached://h?lock_timeout=10&timeout=5"
    assert with_timeouts("etcd3+http://h?timeout=2") == "etcd3+http://h?timeout=2&lock_timeout=10"
    assert with_timeouts("mysql://u@h/d") == "mysql://u@h/d"
    assert with_timeouts("file:///d") == "file:///d"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense://host", "'nonsense' is no lock service"),
        ("", "'' is no lock service"),
        ("zookeeper://host", "zookeeper needs a library"),
        ("redis://host?lock_timeout=short", "this URL of 'redis' is not as tooz wants it"),
        ("redis://[::1", "this URL of 'redis' is not as tooz wants it"),
    ],
)
def test_unusable_url_is_refused_with_the_reason(url: str, message: str) -> None:
    with pytest.raises(UnusableLockService, match=message):
        ToozLocks(url)


async def test_an_error_of_a_library_of_tooz_at_the_first_connection_is_unavailable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    locks = ToozLocks("etcd3+http://127.0.0.1:1")  # etcd3gw raises an error of its own
    with pytest.raises(Unavailable):
        await locks.try_lock("image")
    assert "cannot be used: ConnectionFailedError" in caplog.text


@pytest.mark.parametrize("thread", ["Thread-", "lock-heartbeat"])
async def test_locks_are_unavailable_while_the_system_allows_no_more_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, thread: str
) -> None:
    locks = ToozLocks(f"file://{tmp_path}")
    monkeypatch.setattr("tooz.coordination.CoordinationDriver.requires_beating", True)
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name.startswith(thread):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await locks.try_lock("name")
    monkeypatch.setattr(threading.Thread, "start", start)
    lock = await locks.try_lock("name")
    assert lock is not None
    await locks.release(lock)
    await locks.close()


@pytest.mark.parametrize(
    "fault", [None, Fault("hang"), Fault("reset")], ids=["refuses", "hangs", "resets"]
)
async def test_locks_are_unavailable_while_redis_fails_and_work_when_it_is_back(
    tmp_path: Path, fault: Fault | None
) -> None:
    with redis_server(tmp_path) as redis, FaultProxy(redis.address) as proxy:
        # A lock whose response was lost expires after a second.
        url = f"redis://127.0.0.1:{proxy.port}?lock_timeout=1&socket_timeout=0.5"
        locks = ToozLocks(url, call_timeout=0.5)
        for _ in range(2):  # before the first connection, and after
            if fault:
                proxy.fail(fault)
            else:
                proxy.refuse()
            tries = (locks.try_lock("image") for _ in range(20))
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert {type(result) for result in results} == {Unavailable}
            proxy.restore()
            await locks.release(await eventually_locked(locks))
        # Abandoned calls would continue after Redis has stopped.
        await wait_until(lambda: not locks.abandoned_calls)
        await locks.close()


async def test_a_late_lock_that_cannot_be_released_is_logged_without_an_unhandled_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    late = LateLock()
    with redis_server(tmp_path) as redis:
        locks = ToozLocks("redis://{}:{}".format(*redis.address), call_timeout=0.5)
        await locks.release(await eventually_locked(locks))
        renewed = vars(locks._coordinator)["_acquired_locks"]  # noqa: SLF001
        renewed.add(late)
        with monkeypatch.context() as patch:
            patch.setattr(locks._coordinator, "get_lock", lambda _name: late)  # noqa: SLF001
            with pytest.raises(Unavailable):
                await locks.try_lock("image")
        late.response.set()
        await wait_until(lambda: "could not be released; it expires by itself" in caplog.text)
        assert late not in renewed
        await locks.close()


class LateLock:
    """A lock of a service that acquires it late, and fails then."""

    def __init__(self) -> None:
        self.response = threading.Event()

    def acquire(self, *, blocking: bool) -> bool:
        assert not blocking
        return self.response.wait(30)

    def heartbeat(self) -> bool:
        return True

    def release(self) -> None:
        raise ToozError("the connection is closed")


async def test_a_lock_of_etcd_that_was_lost_is_no_longer_renewed(tmp_path: Path) -> None:
    with etcd(tmp_path) as server:
        url = "etcd3+http://{}:{}".format(*server.address)
        locks = ToozLocks(url)
        lock = await eventually_locked(locks)
        get_coordinator(url, b"other").get_lock(b"image").break_()  # as if the lock expired
        await locks.release(lock)
        assert not lock.acquired  # type: ignore[attr-defined]
        await locks.close()


async def test_heartbeat_logs_failure_and_recovery_and_ends_with_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    threads_of_others = heartbeat_threads()
    with memcached(tmp_path) as server, FaultProxy(server.address) as proxy:
        locks = ToozLocks(f"memcached://127.0.0.1:{proxy.port}?lock_timeout=2")
        await locks.release(await eventually_locked(locks))
        proxy.refuse()
        await wait_until(lambda: FAILS in caplog.text)
        proxy.restore()
        await wait_until(lambda: RECOVERED in caplog.text)
        proxy.refuse()
        await wait_until(lambda: caplog.text.count(FAILS) == 2)
        await locks.close()
        await wait_until(lambda: not heartbeat_threads() - threads_of_others)


async def test_a_lock_that_could_not_be_released_expires_when_the_service_is_back(
    tmp_path: Path,
) -> None:
    with memcached(tmp_path) as server, FaultProxy(server.address) as proxy:
        locks = ToozLocks(f"memcached://127.0.0.1:{proxy.port}?lock_timeout=2")
        lock = await eventually_locked(locks)
        proxy.refuse()
        await locks.release(lock)
        proxy.restore()
        await locks.release(await eventually_locked(locks))
        await locks.close()


def heartbeat_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "lock-heartbeat"}


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  threads set no asyncio.Event
            await asyncio.sleep(0.05)


async def eventually_locked(locks: ToozLocks) -> Lock:
    """Acquire the lock as soon as the lock service works."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Unavailable):
                lock = await locks.try_lock("image")
                if lock is not None:
                    return lock
            await asyncio.sleep(0.05)
