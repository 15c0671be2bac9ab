"""DecodeQueue: limits how long the decoding of chunked bodies delays other requests.

A body in chunks of one byte takes a hundred times as long to decode as one in a single chunk. So a
connection decodes only some of the chunks that it has received, and adds a function that decodes
the rest to this queue. Each iteration of the event loop calls one function of the queue.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class DecodeQueue:
    """Calls functions that decode chunks, in order of `add`: one per iteration of the loop."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, loop: asyncio.AbstractEventLoop, decode: Callable[[], None]) -> None:
        """Call `decode` once, after the functions added before, in a later iteration of `loop`.

        `decode` may add itself again, for chunks that it has not decoded.
        """
        self._waiting.append(decode)
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call the first function, and schedule the one after it for the next iteration."""
        decode = self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._run, loop)
        decode()


DECODE_QUEUE = DecodeQueue()  # of this process, which has one event loop
