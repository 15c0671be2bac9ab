"""Probes: whether the catalog and the data directory can be used right now."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path


async def probe_catalog(state_dir: Path) -> str | None:
    """Read the catalog through a connection of its own; say why that cannot be done."""

    def read() -> None:
        address = (state_dir / "catalog.sqlite").absolute().as_uri() + "?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()

    try:
        await asyncio.to_thread(read)
    except sqlite3.Error:
        return "the catalog cannot be read"
    return None


async def probe_data(state_dir: Path) -> str | None:
    """Say why image data cannot be read, or not be written with room to spare."""

    def look() -> str | None:
        directory = state_dir / "data"
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            return "the data directory cannot be written"
        return None if os.statvfs(directory).f_bavail else "no space is left for image data"

    return await asyncio.to_thread(look)
