"""Connections to the catalog's file, with their pragmas and SQL functions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glimpse.embedded.text_comparison import comparison_form
from glimpse.files.syncing import sqlite_synchronous


def open_connection(path: Path) -> sqlite3.Connection:
    """Open a connection; do not migrate the schema. Creates a file without tables if needed.

    A commit is synced to the disk (WAL, synchronous = FULL), except in a state directory without
    syncing (`files.syncing`). Statements wait up to 30 s for another connection's lock. A
    transaction starts only with an explicit BEGIN. Foreign keys are enforced. Threads may share the
    connection if only one thread uses it at a time. SQL statements can call ``comparison_form`` of
    `text_comparison`, which returns NULL for a value that is not a text.

    The caller closes the connection. Raises sqlite3.Error if the file cannot be opened.
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
    """Close the connection if the block raises; otherwise leave it open. The error passes."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
