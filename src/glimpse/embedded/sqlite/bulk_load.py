"""Preparing: another process finds the rows of the listing while this one reads and writes.

They are half of what it takes to load records, and there is mostly a second core.
"""

import asyncio
import pickle
import signal
import sys
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Self

from glimpse.embedded.catalog import Members
from glimpse.embedded.sqlite.listing_index import listing_rows
from glimpse.images import Image
from glimpse.images.errors import Unavailable

_SIZE_BYTES = 8
_ENDED = "The process that prepares records has ended."
_WORTH_A_PROCESS = 5000  # records: they take longer than its start
Records = Sequence[tuple[Image, Members]]


class Preparer:
    """The other process; it ends with this one. Records are sent, then their rows received."""

    @classmethod
    async def start(cls) -> Self:
        """Start it."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", __name__, stdin=pipe, stdout=pipe
            )
        )

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._to: asyncio.StreamWriter = process.stdin  # type: ignore[assignment]  # a pipe
        self._from: asyncio.StreamReader = process.stdout  # type: ignore[assignment]  # likewise

    async def send(self, records: Records) -> None:
        """Hand over records; returns when the other process has them. Raises Unavailable."""
        content = pickle.dumps(records, pickle.HIGHEST_PROTOCOL)
        try:
            self._to.write(len(content).to_bytes(_SIZE_BYTES, "big") + content)
            await self._to.drain()
        except OSError:
            raise Unavailable(_ENDED) from None

    async def receive(self) -> "array[int]":
        """What `listing_rows` makes of the records sent last. Raises Unavailable."""
        rows = array("q")
        try:
            size = int.from_bytes(await self._from.readexactly(_SIZE_BYTES), "big")
            rows.frombytes(await self._from.readexactly(size))
        except EOFError:
            raise Unavailable(_ENDED) from None
        return rows

    async def close(self) -> None:
        """Let it end."""
        self._to.close()
        await self._process.wait()


class Batches:
    """Puts batches of records, in their order, each by `put`; `stored` is told how large each was.

    A small batch is not worth another process. `aclose` returns when all that was added is stored.
    """

    def __init__(
        self,
        put: Callable[[Records, Sequence[int] | None], Awaitable[None]],
        stored: Callable[[int], None],
    ) -> None:
        self._put = put
        self._stored = stored
        self._preparer: Preparer | None = None
        self._prepared: tuple[Records, int] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def add(self, batch: Records) -> None:
        """Take the next batch. Raises what `put` raises, of an earlier one mostly."""
        records = distinct(batch)
        if self._preparer is None:
            if len(records) < _WORTH_A_PROCESS:
                await self._put(records, None)
                self._stored(len(batch))
                return
            self._preparer = await Preparer.start()
        await self._write_prepared(self._preparer)
        await self._preparer.send(records)
        self._prepared = records, len(batch)

    async def aclose(self) -> None:
        """Store what was added, and let the other process end."""
        if self._preparer is None:
            return
        try:
            await self._write_prepared(self._preparer)
            if self._writing is not None:
                await self._writing
        finally:
            await self._preparer.close()

    async def _write_prepared(self, preparer: Preparer) -> None:
        """Begin to write what was sent last, once what was before it is written."""
        if self._prepared is None:
            return
        (records, size), self._prepared = self._prepared, None
        rows = await preparer.receive()
        if self._writing is not None:
            await self._writing

        async def write() -> None:
            await self._put(records, rows)
            self._stored(size)

        self._writing = asyncio.create_task(write())
        await asyncio.sleep(0)  # it begins


def distinct(records: Iterable[tuple[Image, Members]]) -> list[tuple[Image, Members]]:
    """The last record of each id."""
    return list({image.id: (image, members) for image, members in records}.values())


def _prepare() -> None:
    """What the other process does, until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted is the one that reads
    while head := sys.stdin.buffer.read(_SIZE_BYTES):
        content = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        rows = listing_rows(pickle.loads(content)).tobytes()  # noqa: S301  our own process sent it
        sys.stdout.buffer.write(len(rows).to_bytes(_SIZE_BYTES, "big") + rows)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _prepare()
