"""Readiness check of the embedded identity: tests if the identity file can be replaced."""

import asyncio
import os
from pathlib import Path

from glimpse.http.writable_directories import write_problem
from glimpse.identity.embedded.identity_file import FILE_NAME


async def check_identity(state_dir: Path) -> str | None:
    """Return why the identity file cannot be read or replaced; None if no reason is found.

    Checks permissions, free space and free inodes, in a thread. Does not read or write any file.
    `state_dir` is the directory of the identity file. Raises OSError if the file system does not
    report its free space.
    """
    return await asyncio.to_thread(_identity_problem, state_dir)


def _identity_problem(state_dir: Path) -> str | None:
    """Return what `check_identity` returns, or raise its OSError; block the thread meanwhile."""
    if not os.access(state_dir / FILE_NAME, os.R_OK):
        return "the identity file cannot be read"
    return write_problem(state_dir, "the state directory", "the identity file")
