"""FlowControl: pauses reading and writing on one client connection.

`request_buffer` keeps the requests that arrive meanwhile.
"""

import asyncio


class FlowControl:
    """Pauses reading from a client, and makes the application wait until it may write.

    `close_reason` is None while the connection is open, and then why it closed: "client", "timeout"
    or "memory" (see `AsgiRequest`, which also sets `last_write`).
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.close_reason: str | None = None
        self.last_write = 0  # bytes that were passed to the transport together, the last time
        self.is_reading_paused = False
        self.is_writing_paused = False
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # pause writing for any unsent byte
        self._may_resume_reading = True
        self._writable = asyncio.Event()
        self._writable.set()

    def pause_reading(self) -> None:
        """Read no more from the client until `resume_reading`."""
        if not self.is_reading_paused:
            self.is_reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read from the client again.

        Does nothing between `keep_reading_paused` and `allow_resuming`.
        """
        if self.is_reading_paused and self._may_resume_reading:
            self.is_reading_paused = False
            self._transport.resume_reading()

    def keep_reading_paused(self) -> None:
        """Pause reading, and ignore `resume_reading` until `allow_resuming`.

        For a connection that has received bytes and not processed them yet. `AsgiRequest.receive`
        calls `resume_reading` whenever the application waits for a body; then still more bytes
        would arrive.
        """
        self._may_resume_reading = False
        self.pause_reading()

    def allow_resuming(self) -> None:
        """End the effect of `keep_reading_paused`. Reading stays paused until `resume_reading`."""
        self._may_resume_reading = True

    def pause_writing(self) -> None:
        """Make `drain` wait: the transport's buffer is above its high-water mark."""
        self.is_writing_paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `drain` return: the buffer is below its low-water mark, or the connection closed."""
        self.is_writing_paused = False
        self._writable.set()

    async def drain(self) -> None:
        """Return when writing is not paused, or the connection has closed: see `close_reason`.

        It has no timeout: ClientTimeouts closes the connection of a client that does not read.
        """
        await self._writable.wait()
