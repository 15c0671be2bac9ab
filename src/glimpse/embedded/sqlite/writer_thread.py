"""WriterThread: one thread that makes all writes, several in one transaction.

Each commit waits for an fsync. If eight clients write at once, they share one fsync instead of
waiting for eight (group commit). The event loop never waits for the disk.
"""

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from glimpse.embedded.sqlite.catalog_failures import CatalogFailures, WriteFailed
from glimpse.embedded.sqlite.connection import closed_on_failure
from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.images.errors import Unavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
_MAX_PER_TRANSACTION = 256
# Each write in the queue holds 16 kB of its request's body. The bytes beyond 16 kB of all bodies
# together are at most `http.body_memory.MAX_HELD_BYTES`.
_MAX_WAITING = 1000
_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class _Write(NamedTuple):
    """A call of a method of ImageWriter, and the future that gets its result."""

    method: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    future: "asyncio.Future[Any]"


class _Outcome(NamedTuple):
    """What a write returned, or the error that it raised; `error` is None after success."""

    result: Any
    error: BaseException | None = None


class WriterThread:
    """Runs methods of ImageWriter one after the other in a thread, and commits them in groups.

    Each method runs in a savepoint. If a method raises, the other writes of its transaction are not
    affected. But if SQLite ends the transaction, on a full disk for example, all its writes fail.
    The thread runs until `close`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Start the thread. From now on, only the thread may use `connection`.

        `close` closes `connection`. Raises OSError if the catalog's file does not exist, and
        sqlite3.Error if `connection` cannot be read; then `connection` is closed. Raises
        RuntimeError if the system allows no more threads.
        """
        self._connection = connection
        with closed_on_failure(connection):
            self._image_writer = ImageWriter(connection)
            self._path: str = connection.execute("PRAGMA database_list").fetchone()[2]
            self._file_id = _file_id(self._path)
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._close_lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="catalog-writer", daemon=True)
        self._thread.start()

    async def run(
        self,
        method: Callable[Concatenate[ImageWriter, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Call a method of ImageWriter in the thread, and return its result.

        Returns when the write is committed, and synced to the disk unless syncing is off for the
        state directory (`files.syncing`). If the awaiting task is cancelled, the write is made all
        the same.

        Raises what the method raises, but WriteFailed in place of an error of SQLite. Also raises
        WriteFailed if the catalog's file was deleted or replaced. WriteFailed is an Unavailable,
        and is logged and counted. Raises Unavailable after `close`, and if 1,000 writes are in the
        queue. After any error, nothing has changed.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._close_lock:  # no write may come after the None that ends the thread
            if self._is_closed:
                raise Unavailable("The catalog is closed.")
            if self._queue.qsize() >= _MAX_WAITING:
                raise Unavailable("Too many writes are waiting. Try again.")
            self._queue.put(_Write(method, arguments, named, future))
        try:
            return await future
        except WriteFailed:
            CatalogFailures.count_failed_write()
            raise

    def close(self) -> None:
        """Finish the writes in the queue, end the thread, and close the connection. Blocks.

        A second call does nothing.
        """
        with self._close_lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        """Commit the writes in the queue, up to 256 at once. End when `close` has been called.

        The writes that were in the queue before `close` are committed.
        """
        while (first := self._queue.get()) is not None:
            writes = [first]
            is_closing = False
            while len(writes) < _MAX_PER_TRANSACTION and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    is_closing = True
                    break
                writes.append(following)
            self._commit(writes)
            if is_closing:
                return

    def _commit(self, writes: list[_Write]) -> None:
        """Run the writes in one transaction, commit it, then set the results of their futures.

        If a write raises, only that write is rolled back, and its future gets the error. If the
        transaction fails, nothing is written, the error is logged (at most once a minute), and all
        futures get WriteFailed. A future whose event loop is closed is left as it is.
        """
        try:
            self._check_file()
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._run_in_savepoint(write) for write in writes]
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            # If it fails, so does the next BEGIN, and the transaction is rolled back then.
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            _log_error("The catalog %s cannot be written: %s", self._path, error)
            failed = WriteFailed(f"The catalog cannot be written: {_without_path(error)}")
            outcomes = [_Outcome(None, failed)] * len(writes)
        for write, outcome in zip(writes, outcomes, strict=True):
            with contextlib.suppress(RuntimeError):  # the event loop of the caller has been closed
                write.future.get_loop().call_soon_threadsafe(_resolve, write.future, outcome)

    def _check_file(self) -> None:
        """Raise OSError if the catalog's file has been deleted or replaced since it was opened.

        SQLite would write to the deleted file and report success. Does nothing for a catalog in
        memory.
        """
        if self._path and _file_id(self._path) != self._file_id:
            raise FileNotFoundError("another file has taken its place")

    def _run_in_savepoint(self, write: _Write) -> _Outcome:
        """Run one write in a savepoint, and return its outcome; roll the write back if it raises.

        The error that a write raises is in the outcome. An error of SQLite is logged, and becomes
        WriteFailed in the outcome. Raises sqlite3.Error if the savepoint fails.
        """
        self._connection.execute("SAVEPOINT write")
        try:
            outcome = _Outcome(write.method(self._image_writer, *write.arguments, **write.named))
        except Exception as error:  # noqa: BLE001  it is raised where the write is awaited
            self._connection.execute("ROLLBACK TO write")
            if isinstance(error, sqlite3.Error):
                _log_error("The catalog %s cannot be written: %s", self._path, error)
                error = WriteFailed(f"The catalog cannot be written: {error}")
            outcome = _Outcome(None, error)
        self._connection.execute("RELEASE write")
        return outcome


def _without_path(error: Exception) -> str:
    """Return the text of an error without the file's path, so that a client may see the text."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _file_id(path: str) -> tuple[int, int] | None:
    """Return the device and inode of a file. Raises OSError if there is no file.

    Returns None for an empty path, which is the path of a catalog in memory.
    """
    if not path:
        return None
    found = os.stat(path)  # noqa: PTH116  before each transaction: twice as fast as Path.stat
    return (found.st_dev, found.st_ino)


def _resolve(future: "asyncio.Future[Any]", outcome: _Outcome) -> None:
    """Set the future's result or exception. Do nothing if the future has been cancelled.

    Call this function in the future's event loop.
    """
    if future.cancelled():
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.result)
