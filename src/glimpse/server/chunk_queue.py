"""ChunkQueue: limits how long the decoding of chunked bodies delays other requests.

Decoding a body in chunks of one byte takes a hundred times as long as in one chunk. So a connection
decodes a bounded number of chunks at a time, and only one connection does so per iteration of the
event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class ChunkQueue:
    """Runs functions in the order in which they were added, one per event loop iteration."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, loop: asyncio.AbstractEventLoop, decode: Callable[[], None]) -> None:
        """Run `decode` after the functions added before. It may add itself again."""
        self._waiting.append(decode)
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        decode = self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._run, loop)
        decode()


CHUNK_QUEUE = ChunkQueue()  # of this process, which has one event loop
