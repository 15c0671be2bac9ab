"""Timeouts for clients: close a connection whose client sends or reads too slowly.

Without them, clients that open connections and send nothing would use up the file descriptors.
"""

import asyncio
import fcntl
import struct
import termios
from typing import ClassVar

from glimpse.server.asgi_request import AsgiRequest
from glimpse.server.flow_control import FlowControl
from glimpse.server.unsent_responses import UNSENT_RESPONSES

KEEP_ALIVE = 5.0  # seconds between two requests; the default of uvicorn and Apache
_MIN_BODY_RATE = 500  # bytes per second; the default of Apache's mod_reqtimeout


class ClientTimeouts(asyncio.Protocol):
    """Base class of HttpProtocol: closes its connection when the client is too slow.

    - A new connection has to send its first byte within `client_timeout` seconds.
    - A request's head has to be complete `client_timeout` seconds after its first byte.
    - While a client has yet to send a body or read a response, a byte has to move in either
      direction every `client_timeout` seconds.
    - A body has to arrive at 500 bytes per second on average, with `client_timeout` seconds to
      spare.
    - After a response, the next request has to begin within KEEP_ALIVE (5) seconds.

    `client_timeout` has to be set before the first connection. A new value is valid for open
    connections, too.

    Time in which the server has paused reading from the client does not count.

    One timer per connection checks all of that every few seconds, because a timer for each request
    would add a tenth to its cost. The subclass sets `_idle_since`, `_head_since`, `_body_since`,
    `_body_bytes` and `_received_at`.
    """

    client_timeout: ClassVar[float]

    # Set by the subclass before it calls `connection_made`.
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: FlowControl
    request: AsgiRequest | None = None  # the last one

    # Times of the event loop's clock, None while the condition does not hold.
    _idle_since: float | None = None  # no request is in progress
    _head_since: float | None = None  # an incomplete head is being received
    _body_since: float | None = None  # an incomplete body is being received
    _body_bytes = 0
    _received_at = 0.0
    _sent_at = 0.0  # when the last check found that bytes had been sent

    _timer: asyncio.TimerHandle | None = None
    _unsent = (0, 0, 0)  # what `_measure_unsent` returned at the last check
    _resumed_writing = 0  # times that the client made room for more of a response
    _close_reason = "client"
    _is_lingering = False  # the connection is open only for the client to read the last response

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: ARG002  asyncio's signature
        """Start to check the timeouts."""
        self._head_since = self._received_at = self._sent_at = self.loop.time()
        self._timer = self.loop.call_later(self._check_interval(), self._check_timeouts)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Stop checking the timeouts, and record why the connection closed.

        The reason is in `flow.close_reason` and, if a response is incomplete, in the request's
        ``scope["glimpse.incomplete_reason"]``.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        UNSENT_RESPONSES.remove(self)
        self.flow.close_reason = self._close_reason
        if self.request is not None and not self.request.is_response_complete:
            self.request.scope["glimpse.incomplete_reason"] = self._close_reason

    def pause_writing(self) -> None:
        """Make the application wait: the client has yet to read a part of the response.

        Until `resume_writing`, UNSENT_RESPONSES counts the bytes that this part takes. All of it
        stays in memory until its last byte is sent.
        """
        size = max(self.transport.get_write_buffer_size(), self.flow.last_write)
        UNSENT_RESPONSES.add(self, size)
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """Let the application continue: the client has read what was sent so far.

        UNSENT_RESPONSES stops counting it.
        """
        UNSENT_RESPONSES.remove(self)
        self._resumed_writing += 1
        self.flow.resume_writing()

    def abort_response(self) -> None:
        """Close the connection at once, and drop its unsent data.

        UNSENT_RESPONSES calls this when all unsent responses together take too much memory. The
        access log then has the reason "memory".
        """
        self._close_reason = "memory"
        self.transport.abort()

    def _check_interval(self) -> float:
        """Return the seconds between two checks: a quarter of `client_timeout`, at most 5."""
        return min(self.client_timeout / 4, KEEP_ALIVE)

    def _check_timeouts(self) -> None:
        """Close the connection if a timeout has passed, and start the timer of the next check.

        If the client does not read its response, unsent data is dropped; otherwise it is still
        sent. If all unsent responses together take too much memory, each check also closes
        connections with slow clients, this one or others.
        """
        UNSENT_RESPONSES.close_slow()
        if self._close_reason == "memory":  # `close_slow` closed this connection
            return
        now = self.loop.time()
        unsent = self._measure_unsent()
        has_progress = unsent != self._unsent
        if has_progress:
            self._unsent, self._sent_at = unsent, now
        is_sending = bool(unsent[0] or unsent[1])
        moved_at = max(self._received_at, self._sent_at)
        if is_sending and now - moved_at >= self.client_timeout:
            self._close_reason = "timeout"
            self.transport.abort()
            return
        if self._idle_since is not None and (is_sending or has_progress) and not self._is_lingering:
            self._idle_since = now  # the client has only just read the end of the response
        elif self.flow.is_reading_paused and not is_sending:
            self._received_at = now  # the server is slow, not the client
        if self.flow.is_reading_paused and self._body_since is not None:
            # Of the time so far, count as much as the bytes received justify.
            justified = now - self._body_bytes / _MIN_BODY_RATE
            self._body_since = max(self._body_since, justified)
        left = self._time_left(now)
        if left <= 0 and not self.transport.is_closing():
            self._close_reason = "timeout"
            self.transport.close()
        interval = self._check_interval()
        self._timer = self.loop.call_later(
            left if 0 < left < interval else interval, self._check_timeouts
        )

    def _time_left(self, now: float) -> float:
        """Return the seconds until the connection has to be closed, if the client does nothing.

        The result is 0 or less if the client is too slow already, and `client_timeout` while it has
        nothing to send or read.
        """
        if self._idle_since is not None:
            return self._idle_since + KEEP_ALIVE - now
        if self._head_since is not None:
            return self._head_since + self.client_timeout - now
        if self._body_since is not None:
            moved_at = max(self._received_at, self._sent_at)
            at_min_rate = self._body_since + self._body_bytes / _MIN_BODY_RATE
            return min(moved_at, at_min_rate) + self.client_timeout - now
        return self.client_timeout

    def _measure_unsent(self) -> tuple[int, int, int]:
        """Return the unsent bytes in the process, those in the kernel, and a counter.

        If two results differ, the response has made progress between them. The counter is the
        number of calls of `resume_writing`: it differs also if the buffers were emptied and filled
        again.
        """
        in_process = self.transport.get_write_buffer_size()
        return in_process, _kernel_unsent(self.transport), self._resumed_writing


def _kernel_unsent(transport: asyncio.Transport) -> int:
    """Return the bytes in the kernel's send buffer, 0 if the system does not report it.

    That buffer has several megabytes. So a client that reads slowly reads from it for minutes while
    the number of unsent bytes in the process stays the same.
    """
    connection = transport.get_extra_info("socket")
    try:
        packed = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError, AttributeError):
        return 0
    return int(struct.unpack("i", packed)[0])
