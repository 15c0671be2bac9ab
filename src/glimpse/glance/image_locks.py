"""ImageLocks: allow one write to an image at a time, across all processes and machines.

Glance's PATCH reads an image, changes it and writes all of it back. So one of two concurrent
PATCHes can undo the other. The locks between processes are tooz locks (`glance.tooz_locks`).

If a process exits while Glance is processing its PATCH, no other process may write to the image
until that PATCH is over. Locks in Redis, memcached and etcd expire only after some seconds. Locks
in files, the default, are released at once. Therefore a marker file exists beside the lock file
during each write. If a writer finds the marker of a process that exited, the writer waits until the
PATCH of that process must be over.

Locks in MySQL and PostgreSQL are released as soon as the connection of their process closes. There,
no marker can outlive the process, so other processes may write before that PATCH is over.
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

_NAME_DIGITS = 3  # 4,096 names, so that lock files stay few; images may share a name, and then wait
_MIN_DELAY = 0.002  # seconds between tries to acquire a lock
_MAX_DELAY = 0.05


class ImageLocks:
    """Locks of images: only the holder of an image's lock may write to the image.

    No other task or process can hold the lock at the same time, unless the lock is lost in an
    outage of the lock service. `backend_url` is the tooz URL of the lock service. A caller waits at
    most `timeout` seconds for a lock. Close the locks after use.

    `write_expiry` and `clock` have an effect on locks in files only. `write_expiry` is the most
    seconds that Glance takes for a PATCH. `clock` returns seconds since 1970, as file times do.
    """

    def __init__(
        self,
        backend_url: str,
        timeout: float,
        write_expiry: float = LOCK_EXPIRY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare the locks. The first lock that is acquired connects to the lock service.

        Raises UnusableLockService if tooz cannot use `backend_url`, or if a library that tooz needs
        for `backend_url` is not installed.
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
        """Hold the lock of an image during the ``async with`` block, however long that takes.

        Pass the id in lower case, because Glance ignores the case of ids. Never hold the locks of
        two images at once: both images may have the same lock. The block begins when the lock is
        acquired. With locks in files, if the last holder's process exited during a PATCH, the block
        begins only when Glance must have completed that PATCH.

        Raises Unavailable if the block does not begin within `timeout` seconds, if the lock service
        fails, or if a marker file cannot be read or created. After an exception of the block, the
        lock is released, too. A failure to release the lock is only logged.
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
        """Return how many seconds a PATCH of an exited process may still take.

        Call this while you hold the lock `name`. Then a marker file can only be from a process that
        exited during its write. Returns 0 if there is no marker file, if the marker is
        `write_expiry` seconds old, or if the locks are not in files. Returns at most
        `write_expiry`, also for a marker file from the future. Logs an error and raises Unavailable
        if the marker file cannot be read.
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
        """Create a marker file for the ``with`` block, and remove the file afterwards.

        Call this while you hold the lock `name`. Does nothing if the locks are not in files. The
        marker stays if the process exits within the block. Logs an error and raises Unavailable if
        the marker cannot be created. If the marker cannot be removed, only logs an error; the next
        write then waits until the marker expires.
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
        """Acquire the lock `name` between processes. The caller must limit the time.

        Tries again and again, because a tooz call that waits for the lock would block a thread.
        Raises Unavailable if the lock service fails.
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
    """Return the name of the lock of an image, one of 4,096 names.

    Images may have the same name. `image_id` may be any text. Do not change the names: processes of
    different versions may share a Glance.
    """
    digest = hashlib.sha256(image_id.encode(errors="surrogatepass")).hexdigest()
    return f"glimpse-turn-{digest[:_NAME_DIGITS]}"
