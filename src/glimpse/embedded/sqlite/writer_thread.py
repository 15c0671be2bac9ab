"""Writer: one thread that writes, and commits all that waits as one transaction.

A commit is an fsync. Eight clients that write at once share it instead of queueing for eight; the
event loop never waits for a disk.
"""

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from glimpse.embedded.sqlite.image_records import ImageRecords
from glimpse.images.errors import Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

Result = TypeVar("Result")
_MOST_IN_ONE = 256
# Each waiting job holds what its request brought: a body of 16 kB, and no more than
# `http.bodies.MOST_HELD` beyond that for all of them.
_MOST_WAITING = 1000
_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class _Job(NamedTuple):
    work: Callable[[ImageRecords], Any]
    done: Callable[[Any, BaseException | None], None]


class Writer:
    """Runs work on the catalog, one at a time; each in a savepoint, many in a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._records = ImageRecords(connection)
        self._path: str = connection.execute("PRAGMA database_list").fetchone()[2]
        self._identity = _identity(self._path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="catalog-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[ImageRecords], Result]) -> Result:
        """Run `work` in the next transaction; return its result once that is on the disk.

        What `work` raises is raised here, and nothing it did is kept. Unavailable when the file
        cannot be written, is closed, or when too many writes wait. Cancelling the caller does not
        cancel a write under way.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def done(result: Result, error: BaseException | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop that waited has been closed
                loop.call_soon_threadsafe(_resolve, future, result, error)

        with self._closing:  # no job may come after the one that ends the thread
            if self._closed:
                raise Unavailable("The catalog is closed.")
            if self._jobs.qsize() >= _MOST_WAITING:
                raise Unavailable("Too many writes are waiting. Try again.")
            self._jobs.put(_Job(work, done))
        return await future

    def close(self) -> None:
        """Write what waits, then stop. Closing again does nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            last = False
            while len(jobs) < _MOST_IN_ONE and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    last = True
                    break
                jobs.append(more)
            self._commit(jobs)
            if last:
                return

    def _commit(self, jobs: list[_Job]) -> None:
        outcomes: list[tuple[Any, BaseException | None]] = []
        try:
            self._check_file()
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._attempt(job) for job in jobs)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            _log_error("The catalog %s cannot be written: %s", self._path, error)
            failed = Unavailable(f"The catalog cannot be written: {_reason(error)}")
            outcomes = [(None, failed)] * len(jobs)
        for job, (result, problem) in zip(jobs, outcomes, strict=True):
            job.done(result, problem)

    def _check_file(self) -> None:
        """Raise OSError if the catalog is not where it was opened.

        SQLite would go on writing to a file that was deleted, and say that it is kept.
        """
        if self._path and _identity(self._path) != self._identity:
            raise FileNotFoundError("another file has taken its place")

    def _attempt(self, job: _Job) -> tuple[Any, BaseException | None]:
        self._connection.execute("SAVEPOINT job")
        try:
            outcome: tuple[Any, BaseException | None] = (job.work(self._records), None)
        except Exception as error:  # noqa: BLE001  it is the caller's, and is raised there
            self._connection.execute("ROLLBACK TO job")
            if isinstance(error, sqlite3.Error):
                _log_error("The catalog %s cannot be written: %s", self._path, error)
                error = Unavailable(f"The catalog cannot be written: {error}")
            outcome = (None, error)
        self._connection.execute("RELEASE job")
        return outcome


def _reason(error: Exception) -> str:
    """What a client is told of an error: no path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _identity(path: str) -> tuple[int, int] | None:
    """Which file is at a path; None for a catalog in memory."""
    if not path:
        return None
    found = os.stat(path)  # noqa: PTH116  before each transaction: twice as fast as Path.stat
    return (found.st_dev, found.st_ino)


def _resolve(future: "asyncio.Future[Result]", result: Result, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
