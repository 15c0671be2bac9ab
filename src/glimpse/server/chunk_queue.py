"""ChunkQueue: connections with many chunks to decode take turns, one in each loop iteration.

A body of chunks of one byte takes as much time as a hundred of its size. Connections that send such
bodies share what one of them would take; requests of all others are served in between.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class ChunkQueue:
    """Runs queued calls in order, one in each iteration of the event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, loop: asyncio.AbstractEventLoop, decode: Callable[[], None]) -> None:
        """Queue `decode`: it decodes a bounded number of chunks, and queues itself for the rest."""
        self._waiting.append(decode)
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        decode = self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._run, loop)
        decode()


CHUNK_QUEUE = ChunkQueue()  # one a process, as the event loop is
