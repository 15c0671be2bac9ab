"""ImageLocks: writers of one image wait for each other, in this process, this machine and others.

Glance's PATCH reads an image, changes it and writes all of it back, so of two PATCHes at once one
can undo the other. Between processes the turns are tooz locks: in Redis and memcached, locks that
expire unless renewed; files by default, which the kernel frees at once when their holder dies.
Glance may then still be at work on the dead writer's PATCH: a mark, left beside the lock for as
long as a write takes, makes the next writer wait until that is surely over.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tooz.locking import Lock

from glimpse.glance.lock_service import EXPIRY, LockService
from glimpse.images.errors import Unavailable

_log = logging.getLogger(__name__)

_LOCK_NAME_DIGITS = 3  # 4,096 names: files of locks stay few; images that share one only wait
_SHORTEST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05


class ImageLocks:
    """Locks of images in the lock service at `backend_url` (a tooz URL).

    Acquiring one takes at most `timeout` seconds.

    The write of a holder that died is taken for done `expiry` seconds after it began.
    """

    def __init__(self, backend_url: str, timeout: float, expiry: float = EXPIRY) -> None:
        """Connects to nobody yet. Raises LockServiceError."""
        self._locks = LockService(backend_url)
        self._timeout = timeout
        self._expiry = expiry
        self._here: dict[str, tuple[asyncio.Lock, int]] = {}
        place = urlsplit(backend_url)
        self._marks = Path(place.path) if place.scheme == "file" else None

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
                    try:
                        await asyncio.sleep(self._unfinished(name))
                        deadline.reschedule(None)  # it bounds the wait, not the write
                        with self._marked(name):
                            yield
                    finally:
                        await asyncio.shield(self._locks.release(held))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Unavailable("Too many are writing to this image.") from None
        finally:
            lock, users = self._here.pop(name)
            if users > 1:
                self._here[name] = (lock, users - 1)

    def _unfinished(self, name: str) -> float:
        """Seconds until the write of a holder that died is surely over."""
        if self._marks is None:
            return 0.0
        try:
            began = (self._marks / f"{name}.writing").stat().st_mtime
        except FileNotFoundError:
            return 0.0
        return min(self._expiry, max(0.0, began + self._expiry - time.time()))

    @contextmanager
    def _marked(self, name: str) -> Iterator[None]:
        """Leave a mark while the block lasts, and for good if the process dies in it."""
        if self._marks is None:
            yield
            return
        mark = self._marks / f"{name}.writing"
        try:
            mark.touch()
        except OSError as error:
            _log.error("No mark of a write can be made: %s", error.strerror)
            raise Unavailable("The lock service of this Compute API cannot be used.") from None
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    async def _acquire(self, name: str) -> Lock:
        """Ask again and again rather than block a thread."""
        pause = _SHORTEST_PAUSE
        while (lock := await self._locks.try_lock(name)) is None:
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311  no secret
            pause = min(_LONGEST_PAUSE, pause * 2)
        return lock

    async def close(self) -> None:
        """Leave the lock service."""
        await self._locks.close()


def lock_name(image_id: str) -> str:
    """The name of the lock for an image id, which may be any text."""
    digest = hashlib.sha256(image_id.encode(errors="surrogatepass")).hexdigest()
    return f"glimpse-turn-{digest[:_LOCK_NAME_DIGITS]}"
