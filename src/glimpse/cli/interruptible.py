"""interruptible: lets signals end a part of a command that may take long."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(signals: Sequence[signal.Signals] = _SIGNALS) -> Iterator[None]:
    """Let `signals` end the block, even if the caller has blocked these signals.

    `signals` are SIGINT and SIGTERM, or one of the two. In the block, SIGINT raises
    KeyboardInterrupt, and SIGTERM raises SystemExit with the status 143. After the first of
    `signals`, all of `signals` are ignored, so that the block can remove what it has made. After
    the block, they have their earlier handlers, and are blocked again if they were. Call this
    function in the main thread.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)  # as a shell reports it

    handlers = {number: signal.signal(number, end) for number in signals}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
