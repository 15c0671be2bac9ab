"""Readers: a few threads that look for what takes longer than the event loop may wait."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from glimpse.embedded.sqlite.filtered_scan import Search
from glimpse.embedded.sqlite.schema import open_file
from glimpse.images.errors import Unavailable

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
_THREADS = 2  # SQLite leaves the interpreter to others while it looks
# Steps that run or wait, each with its query of at most 64 kB. A client that disconnects does not
# take its step out of the queue.
_MOST_WAITING = 500


class Readers:
    """Runs steps of a Search, each thread on a connection of its own, opened when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(_THREADS, "catalog-reader")
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False
        self._waiting = 0

    async def run(
        self,
        step: Callable[Concatenate[Search, Arguments], Result],
        *arguments: Arguments.args,
        **more: Arguments.kwargs,
    ) -> Result:
        """The result of `step` on a Search.

        Raises Unavailable when the file cannot be read, is closed, or when too many steps wait.
        """
        if self._closed:
            raise Unavailable("The catalog is closed.")
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many searches are waiting. Try again.")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._pool, lambda: step(self._search(), *arguments, **more)
            )
        except sqlite3.Error as error:
            raise Unavailable(f"The catalog cannot be read: {error}") from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for the steps under way, then close the connections."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _search(self) -> Search:
        search: Search | None = getattr(self._of_thread, "search", None)
        if search is None:
            connection = open_file(self._path)
            self._connections.append(connection)
            search = self._of_thread.search = Search(connection)
        return search
