"""SharedCache: Keystone's responses in memcached, for all processes with the same secret."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from glimpse.identity.keystone.entry_protection import EntryProtection
from glimpse.upstream.threads import run_in_thread

_log = logging.getLogger(__name__)

_KEY_PREFIX = "glimpse-1"  # change the number when this code can no longer read older entries
_MAX_CALLS_PER_SERVER = 16  # at once; each takes a thread and a connection
_MAX_ENTRY_BYTES = 256 * 1024  # a response without the catalog has 2,000


class InvalidMemcachedServer(ValueError):
    """A server is not named as host:port, or the client library is missing; the message says."""


class SharedEntry(NamedTuple):
    """The body of Keystone's response to a validation, and the POSIX time of that response."""

    body: bytes
    validated_at: float


class _Server:
    """One memcached server: its connection pool, limit of calls, and time of its next use."""

    def __init__(self, name: str, timeout: float) -> None:
        self.name = name
        self.client = _connection_pool(name, timeout)
        self.slots = asyncio.Semaphore(_MAX_CALLS_PER_SERVER)
        self.unused_until = 0.0  # by the cache's clock, after a failed call

    def score(self, key: str) -> bytes:
        """Return the weight of this server for `key`: the highest of all servers has the entry."""
        return sha256(f"{self.name} {key}".encode()).digest()


class SharedCache:
    """Protected entries on memcached servers, each on one server that its key chooses.

    No call raises, and none takes longer than `timeout` seconds. A server whose call fails for
    any reason is not used for `retry_interval` seconds, and its entries are looked for on the
    others. `clock` gives seconds.

    pymemcache's HashClient does the same for errors of a socket only: a server that sends a byte
    now and then, or another protocol, would delay each request anew; and its table of servers is
    not made for several threads. So only its connection pools are used.
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
        """Opens no connection. Raises InvalidMemcachedServer."""
        self._servers = [_Server(name, timeout) for name in servers]
        self._protection = protection
        self._timeout = timeout
        self._retry_interval = retry_interval
        self._clock = clock

    async def get(self, token: str) -> SharedEntry | None:
        """Return the entry of a token; None if there is no intact one, or no server responds."""
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
        """Store the entry of a token for `seconds`, unless it is too large or no server responds.

        Returns when memcached has stored it.
        """
        keys = self._protection.derive_keys(token)
        protected = self._protection.protect(keys, b"%r\n" % entry.validated_at + entry.body)
        if len(protected) > _MAX_ENTRY_BYTES:
            return
        # Not noreply: memcached reports errors all the same, and the client would take such a
        # line for the response to the next call on that connection.
        await self._call(
            keys.name, lambda client, key: client.set(key, protected, seconds, noreply=False)
        )

    async def check_servers(self) -> dict[str, bool]:
        """Send each server a request; return which of them responded within the timeout."""
        return {server.name: await self._responds(server) for server in self._servers}

    async def _responds(self, server: _Server) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await run_in_thread(server.client.version)
        except Exception:  # noqa: BLE001  the library raises errors of any kind
            return False
        return True

    async def _call(self, name: str, call: Callable[[Any, str], object]) -> object:
        """Return what `call` returns for the entry's server; None if it fails or none is in use."""
        server = self._choose_server(name)
        if server is None:
            return None
        try:
            async with asyncio.timeout(self._timeout):
                await server.slots.acquire()
                running = asyncio.ensure_future(
                    run_in_thread(lambda: call(server.client, f"{_KEY_PREFIX}-{name}"))
                )
                # The thread may run on after the timeout: each byte of a slow response extends its
                # own timeout. It keeps its slot until it ends, which bounds the number of threads.
                running.add_done_callback(lambda done: _release_slot(server, done))
                return await asyncio.shield(running)
        except Exception as error:  # noqa: BLE001  no request fails because of the cache
            server.unused_until = self._clock() + self._retry_interval
            _log.warning(
                "memcached at %s does not answer (%s); it is left alone for %g seconds.",
                server.name,
                type(error).__name__,
                self._retry_interval,
            )
            return None

    def _choose_server(self, key: str) -> _Server | None:
        """Return the server in use with the highest score (rendezvous hashing), None for none.

        All processes choose the same server for a key. While a server is not used, only the keys
        of that server are moved to others.
        """
        now = self._clock()
        in_use = [server for server in self._servers if server.unused_until <= now]
        return max(in_use, key=lambda server: server.score(key), default=None)

    def close(self) -> None:
        """Close all connections."""
        for server in self._servers:
            server.client.close()


def _release_slot(server: _Server, done: "asyncio.Future[object]") -> None:
    server.slots.release()
    if not done.cancelled():
        done.exception()  # retrieved here: the caller may have been cancelled


def _connection_pool(server: str, timeout: float) -> Any:
    """Make pymemcache's client of one server (Any: the library has no types).

    Raises InvalidMemcachedServer.
    """
    try:
        from pymemcache.client.base import PooledClient, normalize_server_spec  # noqa: PLC0415  an extra, imported only if it is configured
    except ImportError:
        raise InvalidMemcachedServer(
            "memcached_servers needs: pip install 'glimpse[memcached]'"
        ) from None
    try:
        address = normalize_server_spec(server.removeprefix("inet6:").removeprefix("inet:"))
    except ValueError:
        raise InvalidMemcachedServer(f"memcached_servers: {server!r} is not host:port.") from None
    return PooledClient(address, connect_timeout=timeout, timeout=timeout, no_delay=True)
