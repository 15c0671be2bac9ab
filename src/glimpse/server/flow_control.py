"""FlowControl: pauses reading and writing on one client connection."""

import asyncio


class FlowControl:
    """Pauses reading from a client, and makes the application wait before it writes.

    The transport calls `pause_writing` and `resume_writing` of ClientTimeouts, which calls the
    methods here. The constructor sets the transport's write buffer limit to 0, so that writing
    pauses as soon as one byte cannot be sent.

    `close_reason` is None while the connection is open. When the connection closes, ClientTimeouts
    sets it to "timeout" (the client was too slow), "memory" (too much unsent data) or "client" (any
    other cause). `AsgiRequest` sets `last_write` to the number of bytes in its last write to the
    transport.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.close_reason: str | None = None
        self.last_write = 0  # bytes
        self.is_reading_paused = False
        self.is_writing_paused = False
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # pause writing while any byte is unsent
        self._may_resume_reading = True
        self._writable = asyncio.Event()
        self._writable.set()

    def pause_reading(self) -> None:
        """Stop reading from the client until `resume_reading` is called.

        Does nothing if reading is already paused.
        """
        if not self.is_reading_paused:
            self.is_reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read from the client again.

        Does nothing if reading is not paused. Does nothing after `keep_reading_paused`, until
        `allow_resuming` is called.
        """
        if self.is_reading_paused and self._may_resume_reading:
            self.is_reading_paused = False
            self._transport.resume_reading()

    def keep_reading_paused(self) -> None:
        """Pause reading, and ignore `resume_reading` until `allow_resuming` is called.

        Call this method if the connection has bytes that it cannot process yet. `pause_reading` is
        not enough then, because `AsgiRequest.receive` calls `resume_reading` each time the
        application waits for a body.
        """
        self._may_resume_reading = False
        self.pause_reading()

    def allow_resuming(self) -> None:
        """End the effect of `keep_reading_paused`.

        Reading stays paused until `resume_reading` is called.
        """
        self._may_resume_reading = True

    def pause_writing(self) -> None:
        """Make `drain` wait: the transport has bytes that it could not send yet."""
        self.is_writing_paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `drain` return: the transport has sent all bytes, or the connection has closed."""
        self.is_writing_paused = False
        self._writable.set()

    async def drain(self) -> None:
        """Wait until the transport has sent all bytes, or the connection has closed.

        Raises nothing if the connection has closed; `close_reason` is then not None. ClientTimeouts
        limits the time of waiting: ClientTimeouts closes the connection of a client that does not
        read.
        """
        await self._writable.wait()
