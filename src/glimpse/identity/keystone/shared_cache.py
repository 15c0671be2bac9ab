"""SharedCache: what Keystone said of tokens, in memcached, for all processes with one secret.

A cache is a help and nothing more: whatever memcached does, a request is answered without it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from glimpse.identity.keystone.sealing import Seal
from glimpse.upstream.waiting import run_in_thread

_log = logging.getLogger(__name__)

_FORMAT = "glimpse-1"  # another one for entries that this code could not read
_CONNECTIONS = 16  # to each server, at most
_LARGEST = 256 * 1024  # bytes of an entry; an answer without a catalog has 2,000
_DEFAULT_PORT = 11211


class BadServer(ValueError):
    """A server that is not named as host:port, or whose client library is missing."""


class Entry(NamedTuple):
    """Keystone's answer to a validation, and the POSIX time at which it was given."""

    body: bytes
    validated_at: float


class SharedCache:
    """Entries on the servers, each at the place that its name gives it.

    A call takes at most `timeout` seconds; a server that fails is left alone for `rest_time`
    seconds, and its entries are looked for on the others.
    """

    def __init__(
        self,
        servers: Sequence[str],
        seal: Seal,
        *,
        timeout: float,
        rest_time: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connects to nobody yet. Raises BadServer."""
        self._clients = {server: _client(server, timeout) for server in servers}
        self._slots = {server: asyncio.Semaphore(_CONNECTIONS) for server in servers}
        self._seal = seal
        self._timeout = timeout
        self._rest_time = rest_time
        self._clock = clock
        self._rested_until: dict[str, float] = {}

    async def get(self, token: str) -> Entry | None:
        """What was put for the token, if it is still there and nobody has touched it."""
        keys = self._seal.keys(token)
        sealed = await self._call(keys.name, lambda client, key: client.get(key))
        if not isinstance(sealed, bytes) or len(sealed) > _LARGEST:
            return None
        content = self._seal.open(keys, sealed)
        if content is None:
            return None
        validated_at, _, body = content.partition(b"\n")
        try:
            return Entry(body, float(validated_at))
        except ValueError:
            return None  # of another version

    async def put(self, token: str, entry: Entry, seconds: int) -> None:
        """Keep an entry for so many seconds, unless it is too large."""
        keys = self._seal.keys(token)
        sealed = self._seal.close(keys, b"%r\n" % entry.validated_at + entry.body)
        if len(sealed) > _LARGEST:
            return
        # With an answer: without one an entry may not be there yet when others ask for it, and an
        # error that memcached reports all the same would be taken for the answer to the next call.
        await self._call(
            keys.name, lambda client, key: client.set(key, sealed, seconds, noreply=False)
        )

    async def probe(self) -> dict[str, bool]:
        """Which servers answer."""
        return {server: await self._answers(server) for server in self._clients}

    async def _answers(self, server: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await run_in_thread(self._clients[server].version)
        except Exception:  # noqa: BLE001  whatever the library raises
            return False
        return True

    async def _call(self, name: str, call: Callable[[Any, str], object]) -> object:
        """Call the server of that name's entry; None when it fails."""
        server = self._place(name)
        if server is None:
            return None
        client, key = self._clients[server], f"{_FORMAT}-{name}"
        try:
            async with asyncio.timeout(self._timeout):
                await self._slots[server].acquire()
                running = asyncio.ensure_future(run_in_thread(lambda: call(client, key)))
                # A thread keeps its slot until it is back: a server that sends a byte now and then
                # holds no more threads than that.
                running.add_done_callback(lambda done: self._came_back(server, done))
                return await asyncio.shield(running)
        except Exception as error:  # noqa: BLE001  whatever the library raises: no request fails
            self._rested_until[server] = self._clock() + self._rest_time
            _log.warning(
                "memcached at %s does not answer (%s); it is left alone for %g seconds.",
                server,
                type(error).__name__,
                self._rest_time,
            )
            return None

    def _came_back(self, server: str, done: "asyncio.Future[object]") -> None:
        self._slots[server].release()
        if not done.cancelled():
            done.exception()  # seen, even when nobody waits any more

    def _place(self, name: str) -> str | None:
        """The server for a name, of those that do not rest: rendezvous hashing."""
        now = self._clock()
        awake = [server for server in self._clients if self._rested_until.get(server, 0.0) <= now]
        return max(
            awake, key=lambda server: sha256(f"{server} {name}".encode()).digest(), default=None
        )

    def close(self) -> None:
        """Close connections."""
        for client in self._clients.values():
            client.close()


def _client(server: str, timeout: float) -> Any:
    """A client of one server. Of Any, since the library has no types."""
    try:
        from pymemcache.client.base import PooledClient, normalize_server_spec  # noqa: PLC0415
    except ImportError:
        raise BadServer("memcached_servers needs: pip install 'glimpse[memcached]'") from None
    try:
        place = normalize_server_spec(server.removeprefix("inet6:").removeprefix("inet:"))
    except ValueError:
        raise BadServer(f"memcached_servers: {server!r} is not host:port.") from None
    return PooledClient(place, connect_timeout=timeout, timeout=timeout, no_delay=True)
