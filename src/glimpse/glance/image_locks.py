"""ImageLocks: one write to an image at a time, by all processes on all machines.

Glance's PATCH reads an image, changes it and writes all of it back, so one of two concurrent
PATCHes can undo the other. Between processes the locks are tooz locks (`glance.tooz_locks`).

If a process exits while Glance is processing its PATCH, no other process may write to the image
yet. Locks in Redis, memcached and etcd expire only after some seconds. Locks of files, the default,
are released at once. Therefore a marker file exists beside the lock file during each write. If a
writer finds the marker of a process that exited, it waits until that process's PATCH must be over.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tooz.locking import Lock

from glimpse.glance.tooz_locks import LOCK_EXPIRY, ToozLocks
from glimpse.images.errors import Unavailable

_log = logging.getLogger(__name__)

_UNUSABLE = "The lock service of this Compute API cannot be used."

_NAME_DIGITS = 3  # 4,096 names, so that lock files stay few; images that share one only wait
_MIN_DELAY = 0.002  # seconds between tries to acquire a lock
_MAX_DELAY = 0.05


class ImageLocks:
    """Locks of images: while one is held, no other task or process writes to the image.

    They are in the lock service at `backend_url` (a tooz URL). A caller waits for a lock for at
    most `timeout` seconds. `write_expiry` is the number of seconds after which Glance must have
    completed a PATCH; it is used for locks in files only. `clock` returns the time as files have
    it: in seconds since 1970.
    """

    def __init__(
        self,
        backend_url: str,
        timeout: float,
        write_expiry: float = LOCK_EXPIRY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises UnusableLockService if tooz cannot use `backend_url`, or needs a library for it.

        The connection is made when the first lock is acquired.
        """
        self._tooz_locks = ToozLocks(backend_url)
        self._timeout = timeout
        self._write_expiry = write_expiry
        self._clock = clock
        # The locks within this process, each with the number of its holders and waiters.
        self._local_locks: dict[str, tuple[asyncio.Lock, int]] = {}
        url = urlsplit(backend_url)
        self._markers = Path(url.path) if url.scheme == "file" else None

    @asynccontextmanager
    async def lock(self, image_id: str) -> AsyncIterator[None]:
        """Hold the lock of an image within the block, which may take any time.

        Pass the id in lower case, since Glance ignores case in it. Some images share a lock: do not
        hold two at once. Raises Unavailable if the lock cannot be acquired within `timeout`
        seconds, or the lock service fails. A failure to release the lock is only logged.
        """
        name = lock_name(image_id)
        local_lock, users = self._local_locks.get(name) or (asyncio.Lock(), 0)
        self._local_locks[name] = (local_lock, users + 1)
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                async with local_lock:
                    lock = await self._acquire(name)
                    try:
                        await asyncio.sleep(self._orphaned_write_seconds(name))
                        deadline.reschedule(None)  # it bounds the wait, not the block
                        with self._write_marker(name):
                            yield
                    finally:
                        await asyncio.shield(self._tooz_locks.release(lock))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Unavailable("Too many are writing to this image.") from None
        finally:
            local_lock, users = self._local_locks.pop(name)
            if users > 1:
                self._local_locks[name] = (local_lock, users - 1)

    def _orphaned_write_seconds(self, name: str) -> float:
        """Return the seconds until a PATCH that an exited process left unfinished must be over.

        Hold the lock `name` when you call this: a marker file was then left by such a process.
        Returns 0 without a marker, which is the usual case, and for locks that are not files.
        Raises Unavailable if that cannot be read.
        """
        if self._markers is None:
            return 0.0
        try:
            began = (self._markers / f"{name}.writing").stat().st_mtime
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            _log.error("The directory %s cannot be read: %s", self._markers, error.strerror)
            raise Unavailable(_UNUSABLE) from None
        return min(self._write_expiry, max(0.0, began + self._write_expiry - self._clock()))

    @contextmanager
    def _write_marker(self, name: str) -> Iterator[None]:
        """Create a marker file for the block, and remove it afterwards.

        Hold the lock `name` when you call this. The marker stays if the process exits within the
        block. Does nothing if the locks are not in files. Raises Unavailable if the marker cannot
        be created. If it cannot be removed, that is logged: the next write waits until it expires.
        """
        if self._markers is None:
            yield
            return
        marker = self._markers / f"{name}.writing"
        try:
            marker.touch()
        except OSError as error:
            _log.error("The file %s cannot be written: %s", marker, error.strerror)
            raise Unavailable(_UNUSABLE) from None
        try:
            yield
        finally:
            try:
                marker.unlink(missing_ok=True)
            except OSError as error:
                _log.error("The file %s cannot be removed: %s", marker, error.strerror)

    async def _acquire(self, name: str) -> Lock:
        """Acquire the lock between processes, however long that takes.

        Raises Unavailable if the lock service fails. Tries again and again: if tooz waited for the
        lock, it would block a thread.
        """
        delay = _MIN_DELAY
        while (lock := await self._tooz_locks.try_lock(name)) is None:
            await asyncio.sleep(random.uniform(delay / 2, delay))  # noqa: S311  protects no secret
            delay = min(_MAX_DELAY, delay * 2)
        return lock

    async def close(self) -> None:
        """Disconnect from the lock service. A failure is logged; nothing is raised."""
        await self._tooz_locks.close()


def lock_name(image_id: str) -> str:
    """Return the name of the lock for an image id, which may be any text: one of 4,096 names.

    Do not change the names: processes of different versions may share a Glance.
    """
    digest = hashlib.sha256(image_id.encode(errors="surrogatepass")).hexdigest()
    return f"glimpse-turn-{digest[:_NAME_DIGITS]}"
