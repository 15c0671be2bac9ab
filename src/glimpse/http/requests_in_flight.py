"""RequestsInFlight: how many requests are being served, and when none is."""

import asyncio


class RequestsInFlight:
    """Counts the requests that one application is serving."""

    def __init__(self) -> None:
        self.count = 0
        self._idle: asyncio.Event | None = None

    def begin(self) -> None:
        """Count one request more."""
        self.count += 1

    def end(self) -> None:
        """Count one request less."""
        self.count -= 1
        if self._idle is not None and not self.count:
            self._idle.set()

    async def wait_until_idle(self) -> None:
        """Return when no request is being served. The caller sees to it that no more arrive."""
        if self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()
