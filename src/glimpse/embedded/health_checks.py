"""Probes: whether the state of the embedded services can be read and written right now."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

# Bytes that have to be free: what a few writes of metadata take.
_LEAST_FREE = 64 * 1024


async def check_catalog(state_dir: Path) -> str | None:
    """Read the catalog through a connection of its own; say why it cannot be read or written."""

    def look() -> str | None:
        address = (state_dir / "catalog.sqlite").absolute().as_uri() + "?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
                connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()
        except sqlite3.Error:
            return "the catalog cannot be read"
        return _why_not_writable(state_dir, "the state directory", "the catalog")

    return await asyncio.to_thread(look)


async def check_data(state_dir: Path) -> str | None:
    """Say why image data cannot be read, or not be written with room to spare."""
    return await asyncio.to_thread(
        _why_not_writable, state_dir / "data", "the data directory", "image data"
    )


async def check_identity(state_dir: Path) -> str | None:
    """Say why users cannot be read, or application credentials and revocations not be written."""

    def look() -> str | None:
        if not os.access(state_dir / "identity.json", os.R_OK):
            return "the identity file cannot be read"
        return _why_not_writable(state_dir, "the state directory", "the identity file")

    return await asyncio.to_thread(look)


def _why_not_writable(directory: Path, name: str, what: str) -> str | None:
    """Why `what` cannot be written to a directory: it is gone, read-only, or its disk is full."""
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return f"{name} cannot be written"
    found = os.statvfs(directory)
    if found.f_bavail * found.f_frsize < _LEAST_FREE:
        return f"no space is left for {what}"
    if found.f_files and not found.f_favail:  # some file systems count none
        return f"no file can be made for {what}"
    return None
