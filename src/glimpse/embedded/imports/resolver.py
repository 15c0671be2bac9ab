"""SystemResolver: looks up the addresses of host names, without blocking other work."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from glimpse.embedded.imports.address_rules import Address, parse_address
from glimpse.embedded.imports.errors import ImportFailed

# Threads of their own: look-ups that hang must not delay uploads, which use asyncio's threads.
_THREADS = 4


class Resolver(Protocol):
    """Looks up host names."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name, best first. Raises ImportFailed without any."""
        ...

    def close(self) -> None:
        """Release threads."""
        ...


class SystemResolver:
    """Looks up names as the system is configured: DNS, /etc/hosts. Four look-ups run at once."""

    def __init__(self, timeout: float) -> None:
        """A look-up fails after `timeout` seconds, including the wait for a thread."""
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_THREADS, "import-resolver")

    async def resolve(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host name in the order of RFC 6724. Raises ImportFailed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.run_in_executor(self._threads, _look_up, host)
        except (OSError, UnicodeError):  # a TimeoutError is an OSError
            found = []
        if not found:
            raise ImportFailed("the name of the host cannot be resolved")
        return found

    def close(self) -> None:
        """Cancel the look-ups that wait for a thread. Those that run end on their own."""
        self._threads.shutdown(wait=False, cancel_futures=True)


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
