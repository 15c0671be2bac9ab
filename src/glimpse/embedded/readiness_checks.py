"""Readiness checks of the embedded image service: test that its state can be read and written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from glimpse.embedded.sqlite.schema import CATALOG_FILE
from glimpse.http.writable_directories import write_problem


async def check_catalog(state_dir: Path) -> str | None:
    """Return why the catalog cannot be read or written; None if it can.

    Reads through a new connection, in a thread.
    """
    return await asyncio.to_thread(_catalog_problem, state_dir)


async def check_data(state_dir: Path) -> str | None:
    """Return why image data cannot be read or written; None if it can."""
    return await asyncio.to_thread(
        write_problem, state_dir / "data", "the data directory", "image data"
    )


def _catalog_problem(state_dir: Path) -> str | None:
    """Return what `check_catalog` returns; block the thread meanwhile."""
    address = (state_dir / CATALOG_FILE).absolute().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()
    except sqlite3.Error:
        return "the catalog cannot be read"
    return write_problem(state_dir, "the state directory", "the catalog")
