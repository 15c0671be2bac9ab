"""RequestsInFlight: counts the requests in progress, and waits until all have ended."""

import asyncio


class RequestsInFlight:
    """Counts the requests that one application is serving.

    Call `begin` when a request starts, and `end` when it ends.
    """

    def __init__(self) -> None:
        self.count = 0
        self._idle: asyncio.Event | None = None

    def begin(self) -> None:
        """Count a request that has started."""
        self.count += 1

    def end(self) -> None:
        """Stop counting a request that has ended."""
        self.count -= 1
        if self._idle is not None and not self.count:
            self._idle.set()

    async def wait_until_idle(self) -> None:
        """Wait, without a timeout, until no request is being served.

        Call this method only once, when no new requests can arrive.
        """
        if self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()
