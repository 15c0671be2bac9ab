"""Turns: writers of one image wait for each other, in this process, this machine and others.

Glance's PATCH reads an image, changes it and writes all of it back, so of two PATCHes at once one
can undo the other. Between processes the turns are tooz locks: files by default, which the kernel
frees when their holder dies; in Redis and memcached, locks that expire unless renewed.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from tooz import ToozError, coordination
from tooz.locking import Lock

from glimpse.images.errors import Unavailable

_log = logging.getLogger(__name__)

_LOCK_NAME_DIGITS = 3  # 4,096 names: files of locks stay few; images that share one only wait
_EXPIRING = ("redis", "memcached")
_EXPIRY = 10  # seconds after which the turn of a dead holder is free; less than any writer waits
_SHORTEST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05


class Turns:
    """Turns over the lock service at `backend_url` (a tooz URL); a wait lasts at most `timeout`."""

    def __init__(self, backend_url: str, timeout: float) -> None:
        self._backend_url = with_expiry(backend_url)
        self._timeout = timeout
        self._here: dict[str, tuple[asyncio.Lock, int]] = {}
        self._coordinator: coordination.CoordinationDriver | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, image_id: str) -> AsyncIterator[None]:
        """Be the only writer of the image within the block. Raises Unavailable."""
        name = lock_name(image_id)
        lock, users = self._here.get(name) or (asyncio.Lock(), 0)
        self._here[name] = (lock, users + 1)
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                async with lock:
                    held = await self._acquire(name)
                    deadline.reschedule(None)  # it bounds the wait, not the write
                    try:
                        yield
                    finally:
                        await asyncio.shield(asyncio.to_thread(_release, held))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Unavailable("Too many are writing to this image.") from None
        finally:
            lock, users = self._here.pop(name)
            if users > 1:
                self._here[name] = (lock, users - 1)

    async def _acquire(self, name: str) -> Lock:
        """Ask again and again rather than block a thread, of which there are few."""
        try:
            lock = (await self._started()).get_lock(name.encode())
            pause = _SHORTEST_PAUSE
            while not await _try(lock):
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311  no secret
                pause = min(_LONGEST_PAUSE, pause * 2)
        except ToozError:
            raise Unavailable("The lock service of this Compute API cannot be reached.") from None
        return lock

    async def _started(self) -> coordination.CoordinationDriver:
        async with self._starting:
            if self._coordinator is None:
                self._coordinator = await asyncio.to_thread(self._start)
        return self._coordinator

    def _start(self) -> coordination.CoordinationDriver:
        coordinator = coordination.get_coordinator(self._backend_url, uuid4().hex.encode())
        coordinator.start(start_heart=True)
        return coordinator

    async def close(self) -> None:
        """Leave the lock service."""
        if self._coordinator is not None:
            await asyncio.to_thread(self._coordinator.stop)
            self._coordinator = None


def lock_name(image_id: str) -> str:
    """The name of the lock for an image id, which may be any text."""
    digest = hashlib.sha256(image_id.encode(errors="surrogatepass")).hexdigest()
    return f"glimpse-turn-{digest[:_LOCK_NAME_DIGITS]}"


def with_expiry(backend_url: str) -> str:
    """The URL with a short life for the locks of a holder that died, unless it names one."""
    scheme = backend_url.partition(":")[0]
    if scheme not in _EXPIRING or "lock_timeout=" in backend_url:
        return backend_url
    return f"{backend_url}{'&' if '?' in backend_url else '?'}lock_timeout={_EXPIRY}"


async def _try(lock: Lock) -> bool:
    attempt = asyncio.ensure_future(asyncio.to_thread(lock.acquire, blocking=False))
    try:
        return bool(await asyncio.shield(attempt))
    except asyncio.CancelledError:
        attempt.add_done_callback(lambda done: _give_back(done, lock))
        raise


def _give_back(attempt: "asyncio.Future[bool]", lock: Lock) -> None:
    """Release what was acquired for somebody who has gone meanwhile."""
    if not attempt.cancelled() and attempt.exception() is None and attempt.result():
        asyncio.get_running_loop().run_in_executor(None, _release, lock)


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except ToozError:
        # The write is done; the lock expires by itself.
        _log.warning("A lock could not be released: the lock service does not answer.")
