"""Readiness check of the embedded identity: whether its file may be read and replaced."""

import asyncio
import os
from pathlib import Path

from glimpse.http.writable_directories import write_problem
from glimpse.identity.embedded.identity_file import FILE_NAME


async def check_identity(state_dir: Path) -> str | None:
    """Return why the identity file cannot be read or replaced; None if it probably can.

    Checks permissions and free space, in a thread; reads and writes nothing.
    """
    return await asyncio.to_thread(_identity_problem, state_dir)


def _identity_problem(state_dir: Path) -> str | None:
    """Return what `check_identity` returns; block the thread meanwhile."""
    if not os.access(state_dir / FILE_NAME, os.R_OK):
        return "the identity file cannot be read"
    return write_problem(state_dir, "the state directory", "the identity file")
