"""RequestsInFlight: counts the requests being served, and waits until there are none."""

import asyncio


class RequestsInFlight:
    """Counts the requests that one application is serving."""

    def __init__(self) -> None:
        self.count = 0
        self._idle: asyncio.Event | None = None

    def begin(self) -> None:
        """Add a request that has started."""
        self.count += 1

    def end(self) -> None:
        """Remove a request that has ended."""
        self.count -= 1
        if self._idle is not None and not self.count:
            self._idle.set()

    async def wait_until_idle(self) -> None:
        """Return when no request is being served.

        Call it once, when no new requests can arrive. It has no timeout.
        """
        if self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()
