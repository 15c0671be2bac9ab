"""DecodeQueue: limits how long the decoding of chunked bodies delays other requests.

It takes a hundred times as long to decode a body in chunks of one byte as a body in a single chunk.
So a connection decodes a limited number of chunks at once. It adds a function that decodes the rest
to this queue. Each iteration of the event loop calls one function of the queue.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class DecodeQueue:
    """Calls the added functions in their order, one per iteration of the event loop.

    If a function raises, the event loop logs the exception, and the queue goes on.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, loop: asyncio.AbstractEventLoop, decode: Callable[[], None]) -> None:
        """Schedule one call of `decode`, in a later iteration of `loop`.

        Functions that were added earlier are called first. `decode` may call `add` again for the
        chunks that are left. All calls of `add` must have the same event loop.
        """
        self._waiting.append(decode)
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remove the first function from the queue, and call it.

        Before that, schedules the next call, in the next iteration of `loop`, if there are more
        functions.
        """
        decode = self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._run, loop)
        decode()


DECODE_QUEUE = DecodeQueue()  # of this process, which has one event loop
