"""interruptible: lets signals end a part of the start of ``glimpse serve`` that may take long."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM, which the caller has blocked, end the block.

    SIGINT raises KeyboardInterrupt, SIGTERM raises SystemExit with the status 143. Further signals
    have no effect, so that the block can remove what it has made. After the block, both signals are
    blocked again, with the handlers that they had. Call it in the main thread.
    """
    handlers = {number: signal.signal(number, _end) for number in _SIGNALS}
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> NoReturn:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)  # as a shell reports it
