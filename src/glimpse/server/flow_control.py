"""FlowControl: pauses reading and writing on one client connection."""

import asyncio


class FlowControl:
    """Pauses reading from a client, and lets the application wait until it may write.

    `close_reason` is None while the connection is open, then "client", "timeout" or "memory".
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.close_reason: str | None = None
        self.read_paused = False
        self.write_paused = False
        self._transport = transport
        self._reading_held = False
        self._writable = asyncio.Event()
        self._writable.set()

    def pause_reading(self) -> None:
        """Read no more from the client until `resume_reading`."""
        if not self.read_paused:
            self.read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read from the client again. Do nothing while reading is held."""
        if self.read_paused and not self._reading_held:
            self.read_paused = False
            self._transport.resume_reading()

    def hold_reading(self) -> None:
        """Pause reading, and ignore `resume_reading` until `release_reading`.

        The connection holds reading while it has bytes that it has yet to process; the
        application, which resumes reading whenever it waits for a body, does not know of those.
        """
        self._reading_held = True
        self.pause_reading()

    def release_reading(self) -> None:
        """Let the next `resume_reading` have an effect."""
        self._reading_held = False

    def pause_writing(self) -> None:
        """Have `drain` wait: the transport holds more than its high-water mark."""
        self.write_paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `drain` return: the transport holds less than its low-water mark, or has closed."""
        self.write_paused = False
        self._writable.set()

    async def drain(self) -> None:
        """Wait until writing is not paused."""
        await self._writable.wait()
