"""Timeouts for clients: close connections on which a client sends or takes too little for too long.

Without them, a client that opens connections and sends nothing would hold them all.
"""

import asyncio
import fcntl
import struct
import termios
from typing import Any, ClassVar

from uvicorn.protocols.http.flow_control import FlowControl

from glimpse.server.unsent_bytes import UNSENT

KEEP_ALIVE = 5.0  # seconds between two requests, uvicorn's default
_LOWEST_RATE = 500  # bytes a second of a body, after the first seconds: Apache's mod_reqtimeout's


class ClientFlow(FlowControl):
    """Flow control of one connection."""

    cut: str | None = None  # why the connection was lost, once it is: "client", "timeout", "memory"
    holding = False  # True while requests wait for an earlier response, or chunks to be decoded

    def resume_reading(self) -> None:
        """Read on, unless there is more to serve already than one request."""
        if not self.holding:
            super().resume_reading()

    def release(self) -> None:
        """Resume reading: the bytes that waited have been processed."""
        self.holding = False
        self.resume_reading()


class ClientTimeouts(asyncio.Protocol):
    """Mixin for a protocol of uvicorn's; stands before it in the order of bases.

    A client has `client_timeout` seconds for the head of a request. While it owes a body, or has
    yet to take some of a response, it may let as many seconds pass in which no byte moves, in
    either direction. A body also has a lowest rate. Between two requests a client has KEEP_ALIVE
    seconds. One timer per connection checks all of that every few seconds: a timer per request
    would cost a tenth of what the server needs for one.
    """

    client_timeout: ClassVar[float] = 60.0

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: FlowControl
    cycle: Any  # each protocol of uvicorn's has a class of its own for it

    _timer: asyncio.TimerHandle | None = None
    _idle_since: float | None = None  # when the last response ended, if nothing came since
    _head_since: float | None = None  # when the head that is not complete began
    _body_since: float | None = None  # when the body that is not complete began
    _body_bytes = 0
    _received_at = 0.0  # when bytes came last
    _sent_at = 0.0  # when the last check saw that bytes had left
    _unsent = (0, 0, 0)  # what the last check saw: see `_measure_unsent`
    _resumed = 0  # how often the client made room for more of a response
    _cut: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timer."""
        super().connection_made(transport)
        self._head_since = self._received_at = self._sent_at = self.loop.time()
        self._timer = self.loop.call_later(self._check_interval(), self._check_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer, and note why a response that is not complete was cut."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        UNSENT.remove(self)
        cut = self._cut or "client"
        if isinstance(self.flow, ClientFlow):
            self.flow.cut = cut
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.scope["glimpse.cut"] = cut
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client has yet to take much of a response."""
        UNSENT.add(self, self.transport.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client has taken most of what there was."""
        UNSENT.remove(self)
        self._resumed += 1
        super().resume_writing()

    def abort_response(self) -> None:
        """Close the connection: others need the memory that its response takes."""
        self._cut = "memory"
        self.transport.abort()

    def _check_interval(self) -> float:
        return min(self.client_timeout / 4, KEEP_ALIVE)

    def _check_time(self) -> None:
        """Close the connection if its time is up; otherwise start the timer again."""
        UNSENT.close_stuck()
        if self._cut == "memory":  # this one was
            return
        now = self.loop.time()
        unsent = self._measure_unsent()
        has_moved = unsent != self._unsent
        if has_moved:
            self._unsent, self._sent_at = unsent, now
        is_sending = bool(unsent[0] or unsent[1])
        moved_at = max(self._received_at, self._sent_at)
        if is_sending and now - moved_at >= self.client_timeout:
            self._cut = "timeout"
            self.transport.abort()
            return
        if self._idle_since is not None and (is_sending or has_moved) and not self._lingers():
            self._idle_since = now  # for the client, the response has not ended before
        elif self.flow.read_paused and not is_sending:
            self._received_at = now  # it is not the client that is slow
        left = self._time_left(now)
        if left <= 0 and not self.transport.is_closing():
            self._cut = "timeout"
            self.transport.close()
        interval = self._check_interval()
        self._timer = self.loop.call_later(
            left if 0 < left < interval else interval, self._check_time
        )

    def _time_left(self, now: float) -> float:
        """Seconds that the client has for what it owes; `client_timeout` if it owes nothing."""
        if self._idle_since is not None:
            return self._idle_since + KEEP_ALIVE - now
        if self._head_since is not None:
            return self._head_since + self.client_timeout - now
        if self._body_since is not None:
            moved_at = max(self._received_at, self._sent_at)
            slowest = self._body_since + self._body_bytes / _LOWEST_RATE
            if self.flow.read_paused:
                slowest = moved_at
            return min(moved_at, slowest) + self.client_timeout - now
        return self.client_timeout

    def _measure_unsent(self) -> tuple[int, int, int]:
        """Bytes that the client has yet to take, in the process and in the kernel.

        The third number makes two measurements differ if the first buffer was emptied and filled.
        """
        return self.transport.get_write_buffer_size(), _kernel_unsent(self.transport), self._resumed

    def _lingers(self) -> bool:
        """Whether the connection is only kept for the client to read the last response."""
        return False


def _kernel_unsent(transport: asyncio.Transport) -> int:
    """Bytes in the kernel's buffer that the client has not acknowledged; 0 where unknown.

    While a client reads slowly the kernel's buffer, of several megabytes, empties for minutes
    before it takes more of the process's.
    """
    connection = transport.get_extra_info("socket")
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError, AttributeError):
        return 0
    return int(struct.unpack("i", answer)[0])
