"""CatalogFailures: logs and counts failed reads and writes of the catalog."""

import logging
import math
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import current_context
from glimpse.telemetry.throttled_log import ThrottledErrorLog

# Seconds for which a failed read is reported. A later read that succeeds does not end the report,
# because only some pages of the file may be corrupt.
_REMEMBERED = 60.0
_log_read_error = ThrottledErrorLog(logging.getLogger(__name__))


class WriteFailed(Unavailable):
    """The catalog could not be written. WriterThread logs why, at most once a minute."""


class CatalogFailures:
    """Logs failed reads of one catalog; counts failed reads and writes in the metrics.

    Remembers the latest failed read for a minute. `clock` returns seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._failed_at = -math.inf
        self._reason = ""

    def record_failed_read(self, error: sqlite3.Error) -> Unavailable:
        """Log, count and remember a failed read; return the Unavailable for the caller to raise.

        For a minute, `problem` returns why the read failed. Of all failed reads of the process, at
        most one a minute is logged. Call this method in the asyncio task of the request, because
        the failure is counted for that request.
        """
        _log_read_error(
            "The catalog %s cannot be read: %s. If it is malformed, restore a backup.",
            self._path,
            error,
        )
        current_context.get().observer.catalog_failed("read")
        self._failed_at, self._reason = self._clock(), str(error)
        return Unavailable(f"The catalog cannot be read: {error}")

    @staticmethod
    def count_failed_write() -> None:
        """Count a failed write in the metrics; do not log it.

        Call this method in the asyncio task of the request that wrote, because the failure is
        counted for that request.
        """
        current_context.get().observer.catalog_failed("write")

    def problem(self) -> str | None:
        """Return why the latest failed read failed, as a text for operators.

        Returns None if no read failed in the last minute.
        """
        if self._clock() - self._failed_at >= _REMEMBERED:
            return None
        return f"the catalog cannot be read: {self._reason}"


class CheckedReads:
    """Context manager for reads of a catalog: turns errors of SQLite into Unavailable.

    After `close`, entering the context raises Unavailable, which is neither logged nor counted as a
    failure. CheckedReads is a class because a `contextlib.contextmanager` takes twice as long.
    """

    def __init__(self, failures: CatalogFailures) -> None:
        self._failures = failures
        self._is_closed = False

    def __enter__(self) -> None:
        """Raise Unavailable if the catalog is closed."""
        if self._is_closed:
            raise Unavailable("The catalog is closed.")

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Raise Unavailable in place of an error of SQLite that the block raised.

        The error is logged and counted with `CatalogFailures.record_failed_read`. Other errors pass
        unchanged.
        """
        if isinstance(error, sqlite3.Error):
            raise self._failures.record_failed_read(error) from None

    def close(self) -> None:
        """Make later reads raise Unavailable. A second call does nothing."""
        self._is_closed = True
