"""SystemResolver: looks up the addresses of host names, without blocking other work."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Protocol

from glimpse.embedded.imports.address_rules import Address, parse_address
from glimpse.embedded.imports.errors import ImportFailed

_MAX_LOOK_UPS = 4


class Resolver(Protocol):
    """Looks up host names."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name, best first. Raises ImportFailed without any."""
        ...


class SystemResolver:
    """Looks up names as the system is configured: DNS, /etc/hosts. Four look-ups run at once.

    Each has a daemon thread of its own: one that hangs delays neither uploads, which use asyncio's
    threads, nor the exit of the process.
    """

    def __init__(self, timeout: float) -> None:
        """A look-up fails after `timeout` seconds, including the wait for others to end."""
        self._timeout = timeout
        self._places = asyncio.Semaphore(_MAX_LOOK_UPS)

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name in the order of RFC 6724. Raises ImportFailed."""
        found: Sequence[Address] = ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._places.acquire()
                found = await self._start_look_up(host)
        if not found:
            raise ImportFailed("the name of the host cannot be resolved")
        return found

    def _start_look_up(self, host: str) -> asyncio.Future[Sequence[Address]]:
        """Look up a name in a new thread; return its addresses, none if that fails.

        The place is released when the thread ends, also if the future is cancelled before.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Sequence[Address]] = loop.create_future()

        def finish(found: Sequence[Address]) -> None:
            self._places.release()
            if not result.done():
                result.set_result(found)

        def run() -> None:
            found: Sequence[Address] = ()
            try:
                with contextlib.suppress(OSError, UnicodeError):
                    found = _look_up(host)
            finally:
                with contextlib.suppress(RuntimeError):  # the event loop was closed meanwhile
                    loop.call_soon_threadsafe(finish, found)

        threading.Thread(target=run, name="import-resolver", daemon=True).start()
        return result


def _look_up(host: str) -> list[Address]:
    """Return the addresses of a name, each once. Blocks. Raises OSError or UnicodeError.

    The final dot keeps the resolver from adding the machine's own domain to a name.
    """
    addresses: dict[Address, None] = {}
    name = host if host == "localhost" else f"{host}."
    for *_, found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
        address = parse_address(str(found[0]).partition("%")[0])
        if address is not None:
            addresses[address] = None
    return list(addresses)
