"""Readiness checks of the embedded image service: test catalog and disk; write nothing."""

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
    """Return why the catalog cannot be used, as a text for operators; None without a problem.

    The text describes the first of these problems:

    - `recent_problem` returns a text, which is returned.
    - The catalog's images cannot be read through a new connection. The connection waits at most 1 s
      for a lock.
    - Files in the state directory may not be written.
    - The file system has less than 64 KiB of free space, or no free inode.

    Writes nothing. The checks after the first run in a thread, so the event loop is not blocked.
    Raises OSError if the file system does not report its free space.
    """
    return recent_problem() or await asyncio.to_thread(_catalog_problem, state_dir)


async def check_data(state_dir: Path) -> str | None:
    """Return why image data cannot be stored, as a text for operators; None without a problem.

    There is a problem if ``data`` in `state_dir` is missing or may not be written, or has less than
    64 KiB or no inode free. Writes nothing. Works in a thread, so the event loop is not blocked.
    Raises OSError if the file system does not report its free space.
    """
    return await asyncio.to_thread(
        write_problem, state_dir / "data", "the data directory", "image data"
    )


def _catalog_problem(state_dir: Path) -> str | None:
    """Return the result of `check_catalog` without `recent_problem`. Blocks.

    Raises OSError if the file system does not report its free space.
    """
    address = (state_dir / CATALOG_FILE).absolute().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()
    except sqlite3.Error:
        return "the catalog cannot be read"
    return write_problem(state_dir, "the state directory", "the catalog")
