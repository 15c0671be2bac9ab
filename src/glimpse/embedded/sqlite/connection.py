"""Connections to the catalog's file, with its pragmas and SQL functions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glimpse.embedded.text_comparison import comparison_form
from glimpse.files.syncing import sqlite_synchronous


def open_connection(path: Path) -> sqlite3.Connection:
    """Open a connection without migrating the schema; a missing file is created empty.

    A commit on it is synced to the disk (WAL, synchronous = FULL), unless the state directory does
    without. It waits up to 30 s for another connection's lock. There are no transactions but
    explicit ones (BEGIN). Threads may share it if only one uses it at a time. SQL statements have
    the function ``comparison_form`` of `text_comparison`, which is NULL for a value that is no
    text. Raises sqlite3.Error.
    """
    connection = sqlite3.connect(
        path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    with closed_on_failure(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {sqlite_synchronous(path.parent)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")  # 16 MB a connection
        # Bytes that the write-ahead log keeps on the disk once its content is in the catalog.
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.create_function("comparison_form", 1, _comparison_form, deterministic=True)
    return connection


def _comparison_form(value: object) -> str | None:
    return comparison_form(value) if isinstance(value, str) else None


@contextmanager
def closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    """Close the connection if the block raises."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
