"""SharedCache: valid tokens in memcached, for all processes with the same secret."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from glimpse.identity.keystone.shared_cache_protection import EntryProtection
from glimpse.upstream.threads import run_in_thread

_log = logging.getLogger(__name__)

_KEY_PREFIX = "glimpse-1"  # change the number when this code can no longer read older entries
_MAX_CALLS_PER_SERVER = 16  # concurrent calls; each takes a thread and a connection
_MAX_ENTRY_BYTES = 256 * 1024  # a response without the catalog has 2,000
_MAX_SECONDS = 30 * 24 * 60 * 60  # memcached takes a larger number for a POSIX time, in the past


class UnusableMemcached(ValueError):
    """The port in the name of a server is not a number, or pymemcache is not installed.

    The message says which of the two.
    """


class SharedEntry(NamedTuple):
    """The body of Keystone's response for a valid token, and the POSIX time of that response."""

    body: bytes
    validated_at: float


class _Server:
    """A memcached server.

    ``client`` has the connection pool. ``slots`` limits the concurrent calls to
    _MAX_CALLS_PER_SERVER. After a failed call, no call is sent to the server until
    ``unused_until``.
    """

    def __init__(self, name: str, timeout: float) -> None:
        self.name = name
        self.client = _connection_pool(name, timeout)
        self.slots = asyncio.Semaphore(_MAX_CALLS_PER_SERVER)
        self.unused_until = 0.0  # by the cache's clock, after a failed call

    def score(self, key: str) -> bytes:
        """Return the score of this server for `key`.

        The server with the highest score has the entry of `key`.
        """
        return sha256(f"{self.name} {key}".encode()).digest()


# Not pymemcache's HashClient, for two reasons. HashClient stops using a server only after socket
# errors, so that a server that responds very slowly, or in another protocol, would delay every
# request. And several threads may not share a HashClient.
class SharedCache:
    """Keystone's responses for valid tokens, on memcached servers, protected by `protection`.

    Each token has an entry on one of the servers; all processes select the same server. `get` and
    `put` never raise, and take at most `timeout` seconds. After an error or a timeout, a warning is
    logged, and the server is not used for `retry_interval` seconds. Meanwhile the other servers
    store the entries of that server's tokens. `clock` returns seconds. The owner calls `close`.
    """

    def __init__(
        self,
        servers: Sequence[str],
        protection: EntryProtection,
        *,
        timeout: float,
        retry_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the cache; opens no connection yet.

        `servers` are names such as ``10.0.0.5:11211``. The class explains the other arguments.
        Raises UnusableMemcached if a name is invalid, or if pymemcache is not installed.
        """
        self._servers = [_Server(name, timeout) for name in servers]
        self._protection = protection
        self._timeout = timeout
        self._retry_interval = retry_interval
        self._clock = clock

    async def get(self, token: str) -> SharedEntry | None:
        """Return the entry of `token`, however old, or None. Never raises.

        Takes at most `timeout` seconds. Returns None if memcached does not respond or is not used
        after a failed call, if there is no entry, or if the entry has more than 256 KiB or is
        invalid, for example because it was made with another secret.
        """
        keys = self._protection.derive_keys(token)
        protected = await self._call(keys.name, lambda client, key: client.get(key))
        if not isinstance(protected, bytes) or len(protected) > _MAX_ENTRY_BYTES:
            return None
        content = self._protection.unprotect(keys, protected)
        if content is None:
            return None
        validated_at, _, body = content.partition(b"\n")
        try:
            return SharedEntry(body, float(validated_at))
        except ValueError:
            return None  # written by another version of Glimpse

    async def put(self, token: str, entry: SharedEntry, seconds: int) -> None:
        """Store the entry of `token` for `seconds`, and wait until memcached has responded.

        `seconds` must be at least 1, because 0 means forever to memcached. After 30 days, the entry
        is removed in any case. Does nothing if the entry has more than 256 KiB. Gives up if
        memcached does not respond within `timeout` seconds. Never raises.
        """
        keys = self._protection.derive_keys(token)
        protected = self._protection.protect(keys, b"%r\n" % entry.validated_at + entry.body)
        if len(protected) > _MAX_ENTRY_BYTES:
            return
        # Not noreply: memcached reports errors even with noreply, and the client would take the
        # error for the response to the next call on that connection.
        expire = min(seconds, _MAX_SECONDS)
        await self._call(
            keys.name, lambda client, key: client.set(key, protected, expire, noreply=False)
        )

    async def check_servers(self) -> dict[str, bool]:
        """Send a request to one server after the other; return which servers responded.

        The result has True for the name of each server that responded within `timeout` seconds, and
        False for every other server. The call may take `timeout` seconds for each server. Servers
        that are not used after a failed call also get a request. Does not change which servers are
        used. Never raises.
        """
        return {server.name: await self._responds(server) for server in self._servers}

    async def _responds(self, server: _Server) -> bool:
        """Return True if `server` responds within `timeout` seconds. Never raises."""
        try:
            async with asyncio.timeout(self._timeout):
                await run_in_thread(server.client.version)
        except Exception:  # noqa: BLE001  the library raises errors of any kind
            return False
        return True

    async def _call(self, name: str, call: Callable[[Any, str], object]) -> object:
        """Run `call` in a thread, with the server of the entry `name`; return its result or None.

        `call` gets pymemcache's client of the server, and the key of the entry in memcached.
        Returns None if no server is in use, if `call` raises an error, or if there is no result
        within `timeout` seconds, which include the wait for a slot of the server. After such an
        error or timeout, logs a warning, and does not use the server for `retry_interval` seconds.
        A thread that takes longer runs on, and keeps its slot until it ends.
        """
        server = self._choose_server(name)
        if server is None:
            return None
        try:
            async with asyncio.timeout(self._timeout):
                await server.slots.acquire()
                running = asyncio.ensure_future(
                    run_in_thread(lambda: call(server.client, f"{_KEY_PREFIX}-{name}"))
                )
                # The thread may run on after the timeout, because each byte of a slow response
                # extends pymemcache's own timeout. The thread keeps its slot until the thread ends.
                # So the slots limit the number of threads.
                running.add_done_callback(lambda done: _release_slot(server, done))
                return await asyncio.shield(running)
        except Exception as error:  # noqa: BLE001  no request fails because of the cache
            server.unused_until = self._clock() + self._retry_interval
            _log.warning(
                "memcached at %s does not respond (%s); it is not used for %g seconds.",
                server.name,
                type(error).__name__,
                self._retry_interval,
            )
            return None

    def _choose_server(self, key: str) -> _Server | None:
        """Return the server in use that has the highest score for `key`; None if none is in use.

        While a server is not used, only the keys of that server move to other servers (rendezvous
        hashing).
        """
        now = self._clock()
        in_use = [server for server in self._servers if server.unused_until <= now]
        return max(in_use, key=lambda server: server.score(key), default=None)

    def close(self) -> None:
        """Close the connections to all servers."""
        for server in self._servers:
            server.client.close()


def _release_slot(server: _Server, done: "asyncio.Future[object]") -> None:
    """Allow another call to `server`, after the thread whose future is `done` has ended."""
    server.slots.release()
    if not done.cancelled():
        done.exception()  # retrieved here, or asyncio logs it if the caller was cancelled


def _connection_pool(server: str, timeout: float) -> Any:
    """Make pymemcache's client of `server`, with a connection pool. Opens no connection.

    `server` is ``host:port``, ``host`` (then the port is 11211) or the path of a socket. A prefix
    ``inet:`` or ``inet6:`` is ignored. `timeout` is in seconds. Raises UnusableMemcached if
    the port is not a number, or if pymemcache is not installed.
    """
    try:
        from pymemcache.client.base import PooledClient, normalize_server_spec  # noqa: PLC0415  an extra, imported only if it is configured
    except ImportError:
        raise UnusableMemcached(
            "memcached_servers needs: pip install 'openstack-glimpse[memcached]'"
        ) from None
    try:
        address = normalize_server_spec(server.removeprefix("inet6:").removeprefix("inet:"))
    except ValueError:
        raise UnusableMemcached(f"memcached_servers: {server!r} is not host:port.") from None
    return PooledClient(address, connect_timeout=timeout, timeout=timeout, no_delay=True)
