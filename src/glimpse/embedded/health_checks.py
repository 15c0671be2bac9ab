"""Health checks: test that the embedded services can read and write their state."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from glimpse.embedded.sqlite.schema import CATALOG_FILE

_LEAST_FREE = 64 * 1024  # bytes that have to be free: a few writes of metadata


async def check_catalog(state_dir: Path) -> str | None:
    """Return why the catalog cannot be read or written; None if it can.

    It is read through a new connection, in a thread. Nothing is written: the permissions of the
    directory and the free space of its disk are checked.
    """
    return await asyncio.to_thread(_catalog_problem, state_dir)


async def check_data(state_dir: Path) -> str | None:
    """Return why image data cannot be read or written; None if it can. Nothing is written."""
    return await asyncio.to_thread(
        _write_problem, state_dir / "data", "the data directory", "image data"
    )


async def check_identity(state_dir: Path) -> str | None:
    """Return why the identity file cannot be read or written; None if it can.

    Nothing is written.
    """
    return await asyncio.to_thread(_identity_problem, state_dir)


def _catalog_problem(state_dir: Path) -> str | None:
    """Return what `check_catalog` returns; block the thread meanwhile."""
    address = (state_dir / CATALOG_FILE).absolute().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            connection.execute("SELECT 1 FROM images LIMIT 1").fetchone()
    except sqlite3.Error:
        return "the catalog cannot be read"
    return _write_problem(state_dir, "the state directory", "the catalog")


def _identity_problem(state_dir: Path) -> str | None:
    """Return what `check_identity` returns; block the thread meanwhile."""
    if not os.access(state_dir / "identity.json", os.R_OK):
        return "the identity file cannot be read"
    return _write_problem(state_dir, "the state directory", "the identity file")


def _write_problem(directory: Path, name: str, content: str) -> str | None:
    """Return why no file can be written to `directory`; None if one can.

    The directory may be missing, read-only, or on a full disk. In the returned text, `name` is the
    directory, and `content` what is to be written to it.
    """
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return f"{name} cannot be written"
    disk = os.statvfs(directory)
    if disk.f_bavail * disk.f_frsize < _LEAST_FREE:
        return f"no space is left for {content}"
    if disk.f_files and not disk.f_favail:  # some file systems do not count files
        return f"no file can be made for {content}"
    return None
