"""ReaderThreads: two threads for reads that would block the event loop for too long."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from glimpse.embedded.sqlite.catalog_failures import CatalogFailures
from glimpse.embedded.sqlite.connection import open_connection
from glimpse.embedded.sqlite.filtered_scan import FilteredScan
from glimpse.images.errors import Unavailable

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
_THREADS = 2  # SQLite releases the interpreter's lock while it reads
# Reads that run or wait, each with its query of at most 64 kB. If a client disconnects, its read
# stays in the queue.
_MAX_WAITING = 500


class ReaderThreads:
    """Runs methods of FilteredScan in two threads. The caller ends the threads with `close`.

    Each thread has its own connection to the file `path`, and opens the connection for its first
    read.
    """

    def __init__(self, path: Path, failures: CatalogFailures) -> None:
        self._path = path
        self._failures = failures
        self._pool = ThreadPoolExecutor(_THREADS, "catalog-reader")
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._is_closed = False
        self._waiting = 0

    async def run(
        self,
        method: Callable[Concatenate[FilteredScan, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Call a method of FilteredScan in a thread, and return its result.

        Waits for a thread without a timeout. If the awaiting task is cancelled, the read is made
        all the same.

        Raises Unavailable if SQLite raises an error, which is logged and counted as a failed read.
        Raises Unavailable also after `close`, if 500 reads are running or waiting, and if the
        system allows no more threads. Raises CancelledError if `close` is called before the read
        starts. Other errors of the method pass unchanged.
        """
        if self._waiting >= _MAX_WAITING:
            raise Unavailable("Too many searches are waiting. Try again.")
        try:
            read = asyncio.get_running_loop().run_in_executor(
                self._pool, lambda: method(self._scan(), *arguments, **named)
            )
        except RuntimeError:
            if self._is_closed:  # perhaps just now, in another thread
                raise Unavailable("The catalog is closed.") from None
            raise Unavailable("No thread can be started for the search. Try again.") from None
        self._waiting += 1
        read.add_done_callback(self._on_read)
        try:
            # A cancelled future would end the count of the read, but the read stays in the queue.
            return await asyncio.shield(read)
        except sqlite3.Error as error:
            raise self._failures.record_failed_read(error) from None

    def _on_read(self, read: "asyncio.Future[Any]") -> None:
        """Subtract an ended read from the number of waiting reads.

        Also keeps asyncio from logging the error of a read whose caller has been cancelled.
        """
        self._waiting -= 1
        if not read.cancelled():
            read.exception()  # or asyncio would log it if the caller has been cancelled

    def close(self) -> None:
        """Finish the running reads, cancel the waiting reads, then close the connections. Blocks.

        For a cancelled read, `run` raises CancelledError.
        """
        self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _scan(self) -> FilteredScan:
        """Return the current thread's FilteredScan.

        The first call in a thread opens the thread's connection. Raises sqlite3.Error if the file
        cannot be opened.
        """
        scan: FilteredScan | None = getattr(self._of_thread, "scan", None)
        if scan is None:
            connection = open_connection(self._path)
            self._connections.append(connection)
            scan = self._of_thread.scan = FilteredScan(connection)
        return scan
