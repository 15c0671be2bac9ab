"""ToozLocks: locks between processes, by the library tooz, that are tried without waiting.

Use ImageLocks (`glance.image_locks`) instead: it waits for these locks, and adds locks within the
process. Each call of the lock service has a timeout here.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from tooz import ToozError, coordination
from tooz.locking import Lock

from glimpse.glance.lock_heartbeat import LockHeartbeat, describe_error
from glimpse.images.errors import Unavailable
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.threads import run_in_thread

_log = logging.getLogger(__name__)

# Seconds until a lock expires if its process has exited. [glance] timeout limits how long a request
# waits for a lock. Set that timeout higher, or the request fails before such a lock expires.
LOCK_EXPIRY = 10
# The parameter of each kind of backend URL for its network timeout; tooz's default is up to 30 s.
_TIMEOUT_PARAMETERS = {
    "redis": "socket_timeout",
    "memcached": "timeout",
    "etcd3+http": "timeout",
    "etcd3+https": "timeout",
}
# The extra of this distribution with the library that each kind of backend URL needs.
_EXTRAS = {
    "redis": "redis",
    "memcached": "memcached",
    "etcd3+http": "etcd",
    "etcd3+https": "etcd",
    "mysql": "mysql",
    "postgresql": "postgresql",
}
_NETWORK_TIMEOUT = 5  # seconds
_CALL_TIMEOUT = 8.0  # seconds; with the retries of tooz and its libraries a call can take minutes
_MAX_ABANDONED_CALLS = 8
_NO_RESPONSE = "The lock service of this Compute API does not respond."
_UNREACHABLE = "The lock service of this Compute API cannot be reached."

Result = TypeVar("Result")


class UnusableLockService(Exception):
    """The backend URL names no lock service that can be used here; the message says why."""


class ToozLocks:
    """The locks that ImageLocks uses, in the lock service at `backend_url` (a tooz URL).

    Each call of the lock service runs in a thread. A call that takes more than `call_timeout`
    seconds raises Unavailable and is abandoned: its thread runs on. A cancelled call is abandoned,
    too. `abandoned_calls` is the number of abandoned calls whose threads are still running. While
    eight are running, further calls raise Unavailable at once. Locks in files (``file:``) are
    acquired and released without threads, and without a timeout. Close the locks after use.
    """

    def __init__(self, backend_url: str, call_timeout: float = _CALL_TIMEOUT) -> None:
        """Prepare the locks. The first `try_lock` connects to the lock service.

        Raises UnusableLockService if tooz cannot use `backend_url`, or if a library that tooz needs
        for `backend_url` is not installed.
        """
        self._call_timeout = call_timeout
        self._coordinator = _load(backend_url)
        self._heartbeat = LockHeartbeat(self._coordinator)
        # Locks of files do not block. Two threads for each write would cost more than the locks.
        self._is_local = backend_url.startswith("file:")
        self._is_connected = False  # to the lock service, perhaps still without a heartbeat
        self._is_started = False
        self._startup = SingleFlight(self._start)
        self.abandoned_calls = 0

    async def try_lock(self, name: str) -> Lock | None:
        """Acquire the lock `name` without waiting for its holder; return None if it is held.

        Pass the lock that is returned to `release`. Until then, the lock is renewed, so that it
        does not expire. The first call connects to the lock service. If connecting fails, the next
        call tries again.

        Raises Unavailable if the lock service fails or cannot be reached, and if connecting or
        locking takes longer than `call_timeout`. Also raises Unavailable while eight abandoned
        calls are running. Connecting continues after its timeout; the next call waits for the same
        connection. A lock that is granted after the timeout is released at once.
        """
        if not self._is_started:
            try:
                async with asyncio.timeout(self._call_timeout):
                    await self._startup.join()
            except TimeoutError:
                raise Unavailable(_NO_RESPONSE) from None
        lock = self._coordinator.get_lock(name.encode())
        acquired = await self._call(
            lambda: lock.acquire(blocking=False),
            undo=lambda acquired: acquired and self._release_late(lock),
        )
        return lock if acquired else None

    async def release(self, lock: Lock) -> None:
        """Release a lock that `try_lock` returned.

        Raises nothing: a failure is logged, and the lock expires by itself. A lock in files or in a
        database, which does not expire, ends with this process or its connection.
        """
        try:
            if not await self._call(lock.release):  # the lock was lost; etcd's would stay renewed
                self._stop_renewing(lock)
        except Unavailable:
            self._stop_renewing(lock)
            _log.warning(
                "A lock of an image could not be released: the lock service does not respond. "
                "Changes of the image wait until the lock expires."
            )

    def _release_late(self, lock: Lock) -> bool:
        """Release a lock that was granted too late; return False if the lock was lost before.

        Blocks. Raises the errors of tooz. After an error, the lock expires by itself.
        """
        is_released = False
        try:
            is_released = lock.release()
        finally:
            if not is_released:
                self._stop_renewing(lock)
        return is_released

    def _stop_renewing(self, lock: Lock) -> None:
        """Let a lock expire that could not be released. Any thread may call this method.

        Without this, the heartbeats of tooz's memcached and etcd would renew the lock until this
        process exits; those of etcd would also try to renew each lock that was lost.
        """
        renewed: Any = getattr(self._coordinator, "_acquired_locks", None)
        with contextlib.suppress(AttributeError, KeyError, ValueError):  # not, or no longer in it
            renewed.remove(lock)

    async def close(self) -> None:
        """Stop the heartbeat and disconnect, which takes at most `call_timeout` seconds.

        A failure is logged; nothing is raised.
        """
        self._startup.close()
        self._heartbeat.stop()
        if self._is_connected:
            self._is_connected = self._is_started = False
            try:
                await self._call(self._coordinator.stop)
            except Unavailable:
                _log.warning("The lock service does not respond: the connection was given up.")

    async def _start(self) -> None:
        try:
            if not self._is_connected:
                await run_in_thread(lambda: self._translate_errors(self._coordinator.start))
                self._is_connected = True
            self._heartbeat.start()
        except RuntimeError:  # the system allows no more threads
            raise Unavailable(_UNREACHABLE) from None
        self._is_started = True

    async def _call(
        self,
        function: Callable[[], Result],
        undo: Callable[[Result], object] = lambda _: None,
    ) -> Result:
        """Call a function of tooz and return its result. Uses a thread if locks are not in files.

        Raises Unavailable if the function fails. In a thread, also raises Unavailable if the
        function takes longer than `call_timeout`; while eight abandoned calls are running, raises
        Unavailable without a call. After `call_timeout` or a cancellation, the function runs on in
        its thread. If it then returns a result, `undo` is called with the result.
        """
        if self._is_local:
            return self._translate_errors(function)
        if self.abandoned_calls >= _MAX_ABANDONED_CALLS:
            raise Unavailable(_NO_RESPONSE)
        call = asyncio.ensure_future(run_in_thread(function))
        try:
            done, _ = await asyncio.wait((call,), timeout=self._call_timeout)
        except asyncio.CancelledError:
            self._abandon(call, undo)
            raise
        if not done:
            self._abandon(call, undo)
            raise Unavailable(_NO_RESPONSE)
        return self._translate_errors(call.result)

    @staticmethod
    def _translate_errors(function: Callable[[], Result]) -> Result:
        """Call a function of tooz; raise Unavailable for any error, and log errors not of tooz."""
        try:
            return function()
        except ToozError:
            raise Unavailable(_UNREACHABLE) from None
        except Exception as error:  # noqa: BLE001  tooz does not translate all errors
            _log.error(
                "The lock service of [coordination] backend_url cannot be used: %s",
                describe_error(error),
            )
            raise Unavailable(_UNREACHABLE) from None

    def _abandon(self, call: "asyncio.Future[Result]", undo: Callable[[Result], object]) -> None:
        """Count the call as abandoned until the call ends.

        If the call returns a result, calls `undo` with the result, in a thread.
        """
        self.abandoned_calls += 1

        def on_done(done: "asyncio.Future[Result]") -> None:
            self.abandoned_calls -= 1
            if not done.cancelled() and done.exception() is None:
                threading.Thread(target=_try_undo, args=(undo, done.result()), daemon=True).start()

        call.add_done_callback(on_done)


def _try_undo(undo: Callable[[Result], object], result: Result) -> None:
    """Call `undo` with the result of an abandoned call. Raises nothing.

    A failure is logged; the lock then expires by itself.
    """
    try:
        undo(result)
    except Exception as error:  # noqa: BLE001  tooz does not translate all errors
        _log.warning(
            "A lock that came too late could not be released; it expires by itself: %s",
            describe_error(error),
        )


def with_timeouts(backend_url: str) -> str:
    """Return `backend_url` with parameters for the expiry of locks and for network timeouts.

    A lock expires after 10 seconds without a heartbeat. Each wait for a response of the lock
    service ends after 5 seconds; a call may retry, and so take longer: about a minute with Redis.
    Parameters that the URL has already are kept. Only URLs of Redis, memcached and etcd
    (by HTTP) are changed. Other lock services need no expiry: locks in files are released when
    their process exits, and a database releases a lock when the connection of its holder closes.
    Raises ValueError if a URL to change cannot be parsed.
    """
    timeout_parameter = _TIMEOUT_PARAMETERS.get(backend_url.partition(":")[0])
    if timeout_parameter is None:
        return backend_url
    present = {name for name, _ in parse_qsl(urlsplit(backend_url).query, keep_blank_values=True)}
    for name, value in {"lock_timeout": LOCK_EXPIRY, timeout_parameter: _NETWORK_TIMEOUT}.items():
        if name not in present:
            backend_url += f"{'&' if '?' in backend_url else '?'}{name}={value}"
    return backend_url


def _load(url: str) -> coordination.CoordinationDriver:
    """Return the coordinator for a backend URL, with the parameters that `with_timeouts` adds.

    The coordinator is not connected yet. Raises UnusableLockService if tooz does not know the
    scheme, does not accept the URL, or needs a library that is not installed. The message has no
    part of a password.
    """
    scheme = url.partition(":")[0]
    try:
        return coordination.get_coordinator(with_timeouts(url), uuid4().hex.encode())
    except ImportError as error:
        if extra := _EXTRAS.get(scheme):
            raise UnusableLockService(
                f"{scheme} needs: pip install 'openstack-glimpse[{extra}]'"
            ) from None
        raise UnusableLockService(f"{scheme} needs a library: {error}") from None
    except RuntimeError:  # of stevedore, which loads tooz's drivers
        raise UnusableLockService(f"{scheme!r} is no lock service that tooz knows") from None
    except (ToozError, ValueError):  # the message may hold a part of a password
        raise UnusableLockService(f"this URL of {scheme!r} is not as tooz wants it") from None
