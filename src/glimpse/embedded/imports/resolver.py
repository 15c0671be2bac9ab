"""SystemResolver: looks up the addresses of host names in threads of its own."""

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
    """Looks up the addresses of host names."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name, in the order in which to try them; at least one.

        Raises ImportFailed if the host name has no address, or if the look-up fails.
        """
        ...


class SystemResolver:
    """Looks up host names as the system is configured: DNS, /etc/hosts.

    At most four look-ups run at a time. Each look-up runs in a new daemon thread. So a look-up that
    hangs delays neither uploads, which use asyncio's threads, nor the exit of the process.
    """

    def __init__(self, timeout: float) -> None:
        """A look-up fails after `timeout` seconds, also if it waits because four others run."""
        self._timeout = timeout
        self._places = asyncio.Semaphore(_MAX_LOOK_UPS)

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name in the order of RFC 6724; at least one.

        Raises ImportFailed if the host name has no address, or if the look-up fails or takes too
        long.
        """
        found: Sequence[Address] = ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._places.acquire()
                found = await self._start_look_up(host)
        if not found:
            raise ImportFailed("the name of the host cannot be resolved")
        return found

    def _start_look_up(self, host: str) -> asyncio.Future[Sequence[Address]]:
        """Look up a host name in a new thread. The result is empty if the look-up fails.

        The result is also empty if no thread can be started. The caller must hold one of
        ``_places``. The place is released when the look-up ends, even if the future was cancelled
        before.
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

        try:
            threading.Thread(target=run, name="import-resolver", daemon=True).start()
        except RuntimeError:  # the system allows no more threads
            finish(())
        return result


def _look_up(host: str) -> list[Address]:
    """Return the addresses of a host name, without duplicates, in RFC 6724's order. Blocks.

    Looks up the name with a dot at the end (``example.com.``), except localhost. Without the dot,
    the system could append the machine's own domain. Raises OSError or UnicodeError if the look-up
    fails.
    """
    addresses: dict[Address, None] = {}
    name = host if host == "localhost" else f"{host}."
    for *_, found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
        address = parse_address(str(found[0]).partition("%")[0])
        if address is not None:
            addresses[address] = None
    return list(addresses)
