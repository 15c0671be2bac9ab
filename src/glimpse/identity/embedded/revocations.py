"""Revocations: stores the ids of revoked tokens, for all worker processes of a machine."""

import logging
import mmap
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from glimpse.files.syncing import sqlite_synchronous
from glimpse.identity.embedded.private_files import create_private_file, locked, write_private_file
from glimpse.identity.service import IdentityUnavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

_COUNTER_BYTES = 8
_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class _RaiseUnavailable:
    """Context manager: logs sqlite3.Error and OSError, and raises IdentityUnavailable instead.

    Logs at most once a minute. Other errors pass through.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, sqlite3.Error | OSError):
            _log_error("Revocations cannot be read or written: %s. Requests get a 503.", error)
            raise IdentityUnavailable("Revocations of tokens cannot be read or written.") from None


_RAISE_UNAVAILABLE = _RaiseUnavailable()  # has no state, so all threads may share it


class Revocations:
    """The audit ids of revoked tokens, in an SQLite file that all workers of a machine share.

    The file ``revocations.count`` in the same directory has the number of revocations. All workers
    map this second file into memory, so that each worker learns at once of a revocation by another
    worker. If a method raises IdentityUnavailable, the cause is logged, at most once a minute.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file `path`, or create it with the mode 0600. `clock` returns POSIX times.

        Creates ``revocations.count`` in the same directory, too, if it is missing. Blocks while
        another process opens or writes the files. Raises OSError if one of the files cannot be
        created or read. Raises IdentityUnavailable if `path` is not a
        database, or cannot be locked or written.
        """
        self._path = path
        self._clock = clock
        create_private_file(path, b"")  # an empty file is an empty database
        self._lock = path.with_name(f".{path.name}.lock")
        self._counter = _map_counter(path.with_name("revocations.count"))
        # Locked: SQLite does not wait when two connections set the journal mode of a new file.
        with _RAISE_UNAVAILABLE, locked(self._lock):
            self._database = self._connect()
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS revoked"
                " (audit_id TEXT PRIMARY KEY, expires_at REAL) WITHOUT ROWID"
            )

    def generation(self) -> bytes:
        """Return a value that changes with each revocation, by any process.

        Empty a cache of valid tokens when this value changes. A call takes 0.1 µs, so that you may
        call `generation` for each request. A call of `is_revoked` takes 5 µs.
        """
        return self._counter[:_COUNTER_BYTES]

    def revoke(self, audit_id: str, expires_at: float) -> None:
        """Revoke all tokens that have `audit_id`. On return, the revocation is on disk.

        `expires_at` is the POSIX time from which these tokens are not accepted anyway, not even as
        expired tokens. After `expires_at`, the next call of `revoke` deletes the revocation. If
        `audit_id` is revoked already, `expires_at` is replaced, and `generation` changes, too.

        Blocks the thread until no other process writes. May be called in any thread. Raises
        IdentityUnavailable if the revocation cannot be written, for example because the disk is
        full.
        """
        with _RAISE_UNAVAILABLE, locked(self._lock), closing(self._connect()) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM revoked WHERE expires_at < ?", (self._clock(),))
            database.execute("INSERT OR REPLACE INTO revoked VALUES (?, ?)", (audit_id, expires_at))
            database.execute("COMMIT")
            # After the commit: a process that reads the new count has to find the row.
            count = int.from_bytes(self.generation(), "little") + 1
            self._counter[:_COUNTER_BYTES] = count.to_bytes(_COUNTER_BYTES, "little")

    def is_revoked(self, audit_ids: tuple[str, ...]) -> bool:
        """Return True if one of `audit_ids` has been revoked, by any process.

        Raises IdentityUnavailable if the database cannot be read.
        """
        statement = "SELECT 1 FROM revoked WHERE audit_id = ?"
        with _RAISE_UNAVAILABLE:
            return any(self._database.execute(statement, (each,)).fetchone() for each in audit_ids)

    def close(self) -> None:
        """Close the database and the counter. After `close`, call no other method."""
        self._database.close()
        self._counter.close()

    def _connect(self) -> sqlite3.Connection:
        """Open a connection to the database. The caller closes the connection.

        A statement waits up to 5 s for a lock of another connection. If syncing is on for the state
        directory (`files.syncing`), a commit is on disk when it returns. Raises sqlite3.Error if
        the database cannot be opened.
        """
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA busy_timeout = 5000")
        database.execute(f"PRAGMA synchronous = {sqlite_synchronous(self._path.parent)}")
        return database


def _map_counter(path: Path) -> mmap.mmap:
    """Map the file `path` into memory that all processes share.

    A missing file is created, and a file of another size than 8 bytes is replaced. A new file has
    the count 0. Raises OSError if the file cannot be created, read or mapped.
    """
    if len(create_private_file(path, bytes(_COUNTER_BYTES))) != _COUNTER_BYTES:
        write_private_file(path, bytes(_COUNTER_BYTES))
    with path.open("r+b") as stream:
        return mmap.mmap(stream.fileno(), _COUNTER_BYTES)
