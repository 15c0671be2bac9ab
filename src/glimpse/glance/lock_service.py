"""LockService: locks between processes through tooz, whose calls may block, each within bounds."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from tooz import ToozError, coordination
from tooz.locking import Lock

from glimpse.glance.lock_heartbeat import LockHeartbeat, reason
from glimpse.images.errors import Unavailable
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.threads import run_in_thread

_log = logging.getLogger(__name__)

EXPIRY = 10  # seconds after which the lock of a dead holder is free; less than any writer waits
# How each names the seconds of silence that a call may meet; tooz would wait for up to thirty.
_SILENCE = {
    "redis": "socket_timeout",
    "memcached": "timeout",
    "etcd3+http": "timeout",
    "etcd3+https": "timeout",
}
_LONGEST_SILENCE = 5
_LONGEST_CALL = 8.0  # seconds; what tooz and its libraries try can take minutes
_MOST_ABANDONED = 8  # calls that nobody waits for any more, and that have not come back
_NO_ANSWER = "The lock service of this Compute API does not answer."
_UNREACHABLE = "The lock service of this Compute API cannot be reached."

Result = TypeVar("Result")


class LockServiceError(Exception):
    """The URL is none of a lock service that can be used here; the message says why."""


class LockService:
    """The locks at `backend_url`, a tooz URL.

    A call takes at most `longest_call` seconds; `abandoned` counts those that have not come back
    since, and while there are too many, none is made.
    """

    def __init__(self, backend_url: str, longest_call: float = _LONGEST_CALL) -> None:
        """Connects to nobody yet. Raises LockServiceError."""
        self._longest_call = longest_call
        self._coordinator = _load(with_limits(backend_url))
        self._heart = LockHeartbeat(self._coordinator)
        # The kernel answers at once whether a file is locked: two threads a write cost more.
        self._is_local = backend_url.startswith("file:")
        self._started = False
        self._starting = SingleFlight(self._start)
        self.abandoned = 0

    async def try_lock(self, name: str) -> Lock | None:
        """The lock of that name if nobody has it. Raises Unavailable."""
        if not self._started:
            try:
                async with asyncio.timeout(self._longest_call):
                    await self._starting.join()
            except TimeoutError:
                raise Unavailable(_NO_ANSWER) from None
        lock = self._coordinator.get_lock(name.encode())
        acquired = await self._call(
            lambda: lock.acquire(blocking=False), undo=lambda got: got and lock.release()
        )
        return lock if acquired else None

    async def release(self, lock: Lock) -> None:
        """Let go of a lock; if that fails, it expires by itself."""
        try:
            await self._call(lock.release)
        except Unavailable:
            _log.warning("A lock could not be released: the lock service does not answer.")

    async def close(self) -> None:
        """Leave the lock service."""
        self._starting.close()
        self._heart.stop()
        if self._started:
            self._started = False
            try:
                await self._call(self._coordinator.stop)
            except Unavailable:
                _log.warning("The lock service could not be left: it does not answer.")

    async def _start(self) -> None:
        try:
            await run_in_thread(self._coordinator.start)
        except ToozError:
            raise Unavailable(_UNREACHABLE) from None
        self._heart.start()
        self._started = True

    async def _call(
        self, what: Callable[[], Result], undo: Callable[[Result], object] = lambda _: None
    ) -> Result:
        """Call what blocks. What comes of it when nobody waits any more is undone."""
        if self._is_local:
            return self._outcome(what)
        if self.abandoned >= _MOST_ABANDONED:
            raise Unavailable(_NO_ANSWER)
        call = asyncio.ensure_future(run_in_thread(what))
        try:
            done, _ = await asyncio.wait((call,), timeout=self._longest_call)
        except asyncio.CancelledError:
            self._abandon(call, undo)
            raise
        if not done:
            self._abandon(call, undo)
            raise Unavailable(_NO_ANSWER)
        return self._outcome(call.result)

    @staticmethod
    def _outcome(what: Callable[[], Result]) -> Result:
        try:
            return what()
        except ToozError:
            raise Unavailable(_UNREACHABLE) from None
        except Exception as error:  # noqa: BLE001  not all that lies under tooz is translated
            _log.error("The lock service cannot be used: %s", reason(error))
            raise Unavailable(_UNREACHABLE) from None

    def _abandon(self, call: "asyncio.Future[Result]", undo: Callable[[Result], object]) -> None:
        self.abandoned += 1

        def came_back(done: "asyncio.Future[Result]") -> None:
            self.abandoned -= 1
            if not done.cancelled() and done.exception() is None:
                result = done.result()
                threading.Thread(target=lambda: undo(result), daemon=True).start()

        call.add_done_callback(came_back)


def with_limits(backend_url: str) -> str:
    """The URL with what it does not name itself: a short life for dead holders' locks, a deadline.

    A database lets go of a lock when the connection of its holder ends.
    """
    silence = _SILENCE.get(backend_url.partition(":")[0])
    if silence is None:
        return backend_url
    named = {name for name, _ in parse_qsl(urlsplit(backend_url).query, keep_blank_values=True)}
    for name, value in {"lock_timeout": EXPIRY, silence: _LONGEST_SILENCE}.items():
        if name not in named:
            backend_url += f"{'&' if '?' in backend_url else '?'}{name}={value}"
    return backend_url


def _load(url: str) -> coordination.CoordinationDriver:
    scheme = url.partition(":")[0]
    try:
        return coordination.get_coordinator(url, uuid4().hex.encode())
    except ImportError as error:
        raise LockServiceError(f"{scheme} needs a library: {error}") from None
    except RuntimeError:  # stevedore's
        raise LockServiceError(f"{scheme!r} is no lock service that tooz knows") from None
    except (ToozError, ValueError):  # whose text may have a part of a password
        raise LockServiceError(f"this URL of {scheme!r} is not as tooz wants it") from None
