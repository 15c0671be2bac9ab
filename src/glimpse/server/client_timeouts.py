"""Timeouts for clients: close a connection whose client sends or reads too slowly.

Without timeouts, clients that open connections and send nothing would use up the file descriptors.
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
    """Base class of HttpProtocol: closes the connection when its client is too slow.

    - The first byte has to arrive within `client_timeout` seconds after the client connects.
    - The head of a request has to be complete `client_timeout` seconds after its first byte.
    - While the body of a request is incomplete or bytes of a response are unsent, the client has to
      send or read at least one byte every `client_timeout` seconds.
    - A body has to arrive at 500 bytes per second or more on average. It may be `client_timeout`
      seconds late.
    - After a response, the next request has to begin within KEEP_ALIVE (5) seconds.

    A client need not send while the server has paused reading. A client that is too slow gets no
    error response. The server closes its connection at most 5 seconds after a timeout. If the
    client is late with a request, the bytes of a response that are already written are sent first.

    Set `client_timeout`, in seconds, before the first connection. A new value is also used for open
    connections.

    The subclass keeps `_idle_since`, `_head_since`, `_body_since`, `_body_bytes` and `_received_at`
    up to date.
    """

    client_timeout: ClassVar[float]

    # Set by the subclass before it calls `connection_made`.
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: FlowControl
    request: AsgiRequest | None = None  # the last one

    # Times of the event loop's clock at which a condition began; None while it does not hold.
    _idle_since: float | None = None  # no request is in progress
    _head_since: float | None = None  # an incomplete head is being received
    _body_since: float | None = None  # an incomplete body is being received
    _body_bytes = 0
    _received_at = 0.0
    _sent_at = 0.0  # when the last check found that bytes had been sent

    _timer: asyncio.TimerHandle | None = None
    _unsent = (0, 0, 0)  # what `_measure_unsent` returned at the last check
    _resumed_writing = 0  # number of calls of `resume_writing`
    _close_reason = "client"
    _is_lingering = False  # the connection is open only for the client to read the last response

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: ARG002  inherited
        """Start to check the timeouts. `loop`, `transport` and `flow` must be set already."""
        self._head_since = self._received_at = self._sent_at = self.loop.time()
        self._timer = self.loop.call_later(self._check_interval(), self._check_timeouts)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  inherited
        """Stop checking the timeouts, and record why the connection closed.

        The reason is "timeout" (the client was too slow), "memory" (all unsent responses took too
        much memory) or "client" (any other cause; mostly the client has disconnected). Sets
        `flow.close_reason` to the reason. If the response to `request` is incomplete, also sets
        ``request.scope["glimpse.incomplete_reason"]`` to the reason.

        UNSENT_RESPONSES stops counting bytes for this connection.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        UNSENT_RESPONSES.remove(self)
        self.flow.close_reason = self._close_reason
        if self.request is not None and not self.request.is_response_complete:
            self.request.scope["glimpse.incomplete_reason"] = self._close_reason

    def pause_writing(self) -> None:
        """Make the application wait: the kernel does not take all bytes of the response yet.

        The transport calls this method. Until `resume_writing` is called, UNSENT_RESPONSES counts
        all bytes of the last write: they stay in memory until the last one is sent. If the bytes of
        all connections are too many, UNSENT_RESPONSES closes some connections, maybe also this one.
        """
        size = max(self.transport.get_write_buffer_size(), self.flow.last_write)
        UNSENT_RESPONSES.add(self, size)
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """Let the application continue: the kernel has taken all bytes that were written so far.

        The transport calls this method. UNSENT_RESPONSES stops counting bytes for this connection.
        """
        UNSENT_RESPONSES.remove(self)
        self._resumed_writing += 1
        self.flow.resume_writing()

    def abort_response(self) -> None:
        """Close the connection at once, and drop its unsent data.

        UNSENT_RESPONSES calls this method if all unsent responses together take too much memory.
        The access log then has the reason "memory".
        """
        self._close_reason = "memory"
        self.transport.abort()

    def _check_interval(self) -> float:
        """Return the seconds between two checks: a quarter of `client_timeout`, but at most 5."""
        return min(self.client_timeout / 4, KEEP_ALIVE)

    def _check_timeouts(self) -> None:
        """Close the connection if its client is too slow; start the timer of the next check.

        - If the client does not read its response, the connection closes at once. The unsent data
          is dropped, and no timer is started.
        - If the client is late with a request, the connection closes when all data has been sent.

        First calls `UNSENT_RESPONSES.close_slow`, which may close this and other connections. If
        it closes this connection, nothing else happens.
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
            # Shorten the time so far to the time that the received bytes may take at 500 B/s.
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
        """Return the seconds that the client still has before the connection is closed.

        The result is for a client that sends nothing; it is 0 or less if the client is too slow
        already. If a complete request is in progress, the server expects nothing from the client,
        and the result is `client_timeout`. `now` is the time of the event loop's clock.
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
        """Return three numbers, of which at least one changes when the client reads its response.

        The numbers are the unsent bytes in the process, the unsent bytes in the kernel, and the
        number of calls of `resume_writing`. The third number changes even if the buffers were
        emptied and then filled with as many bytes as before.
        """
        in_process = self.transport.get_write_buffer_size()
        return in_process, _kernel_unsent(self.transport), self._resumed_writing


def _kernel_unsent(transport: asyncio.Transport) -> int:
    """Return the number of bytes in the kernel's send buffer; 0 if the number is unknown.

    The number is unknown if the system does not report it, or if the connection is closed. The
    buffer has several megabytes. A slow client can read from the buffer for minutes while the
    number of unsent bytes in the process stays the same.
    """
    connection = transport.get_extra_info("socket")
    try:
        packed = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError, AttributeError):
        return 0
    return int(struct.unpack("i", packed)[0])
