"""Readiness checks of the embedded image service: test catalog and disk, write nothing."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from glimpse.embedded.sqlite.schema import CATALOG_FILE
from glimpse.http.writable_directories import write_problem


async def check_catalog(
    state_dir: Path, recent_problem: Callable[[], str | None] = lambda: None
) -> str | None:
    """Return a problem of the catalog, as a text for operators; None if none is found.

    That is what `recent_problem` returns, if a request failed because of the catalog. Otherwise:
    reads one row through a new connection, waiting at most 1 s for a lock, and checks permissions
    and free space of the state directory. Nothing is written. Runs in a thread. Raises OSError if
    the file system does not report its space.
    """
    return recent_problem() or await asyncio.to_thread(_catalog_problem, state_dir)


async def check_data(state_dir: Path) -> str | None:
    """Return a problem of ``data`` in `state_dir`, for operators; None if none is found.

    Checks its permissions and free space (see `write_problem`), in a thread. Nothing is written.
    Raises OSError if the file system does not report its space.
    """
    return await asyncio.to_thread(
        write_problem, state_dir / "data", "the data directory", "image data"
    )


def _catalog_problem(state_dir: Path) -> str | None:
    """Return what `check_catalog` returns, but block the calling thread."""
    address = (state_dir / CATALOG_FILE).absolute().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()
    except sqlite3.Error:
        return "the catalog cannot be read"
    return write_problem(state_dir, "the state directory", "the catalog")
