"""Patient: ends the connections of clients that send, or take, too little for too long.

Whoever opens connections and says nothing on them would otherwise hold them all.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.flow_control import FlowControl

KEEP_ALIVE = 5.0  # seconds, uvicorn's
_MOST_HEAD_BYTES = 64 * 1024  # of a request line and headers, or of a chunk's and trailers
_LEAST_RATE = 500  # bytes a second of a body, after the first seconds: Apache's mod_reqtimeout's
_TOO_LARGE = b"The headers are too large."
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_TOO_LARGE), _TOO_LARGE)
)


class Patient(asyncio.Protocol):
    """To be mixed into one of uvicorn's protocols, before it in the order of bases.

    A client has `patience` seconds for the head of a request, for the first bytes of its body, and
    for each silence after them; and as long to take something of what is sent to it. Between two
    requests it has `KEEP_ALIVE`, of which `answered` has to be told. All by one timer that looks at
    the time now and then: one for each request is a tenth of what the server takes for it.
    """

    patience: ClassVar[float] = 60.0

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: FlowControl
    cycle: Any  # each protocol has its own class for it

    _answered_at: float | None = None  # when an answer was complete, if nothing came since
    _look: asyncio.TimerHandle | None = None
    _since = 0.0  # when the head began, or when something of the body came last
    _body_since = 0.0
    _head_bytes = 0
    _body_bytes = 0
    _resumed = 0  # how often the client made room for more
    _unsent: tuple[int, int] | None = None  # what the last look saw

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look at the time."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._look = self.loop.call_later(self._at_most(), self._look_at_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self.stop_looking()
        super().connection_lost(exc)

    def stop_looking(self) -> None:
        """Leave the connection alone."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client, and note what they are."""
        self._answered_at = None
        super().data_received(data)
        if self._wants_head():
            if not self._head_bytes:
                self._since = self.loop.time()
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_REFUSAL)
                self.transport.close()
            return
        self._since = self.loop.time()
        if not self._wants_body():
            self._head_bytes = self._body_bytes = 0
            return
        if self._head_bytes or not self._body_bytes:
            self._head_bytes = 0
            self._body_since = self._since
        self._body_bytes += len(data)

    def resume_writing(self) -> None:
        """Note that the client has taken most of what there was."""
        self._resumed += 1
        super().resume_writing()

    def answered(self) -> None:
        """Note that the answer to a request is complete."""
        self._answered_at = self.loop.time()

    def _at_most(self) -> float:
        """Seconds until the time is to be looked at again."""
        return min(self.patience, KEEP_ALIVE)

    def _wants_head(self) -> bool:
        """Whether bytes that come now are the head of a request."""
        return self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)

    def _wants_body(self) -> bool:
        """Whether they are its body, be it one that was refused before it came."""
        return not self._wants_head() and bool(self.cycle.more_body)

    def _look_at_time(self) -> None:
        """Close the connection if it is time; if not, say when to look again."""
        unsent = (self.transport.get_write_buffer_size(), self._resumed)
        if unsent[0] and unsent == self._unsent:
            self.transport.abort()
            return
        self._unsent = unsent
        left = self._time_left() if not self.flow.read_paused else self.patience
        if left <= 0 and not self.transport.is_closing():
            self.transport.close()
        most = self._at_most()
        self._look = self.loop.call_later(left if 0 < left < most else most, self._look_at_time)

    def _time_left(self) -> float:
        """Seconds that the client still has for what it owes; `patience` if it owes nothing."""
        now = self.loop.time()
        if self._answered_at is not None:
            return self._answered_at + KEEP_ALIVE - now
        if self._wants_head():
            began = self._head_bytes or self.cycle is None
            return self._since + self.patience - now if began else self.patience
        if self._wants_body():
            slowest = self._body_since + self._body_bytes / _LEAST_RATE
            return min(self._since, slowest) + self.patience - now
        return self.patience
