"""directory_problem: checks that a directory can be used or created; creates nothing."""

import os
from pathlib import Path

from glimpse.identity.embedded.private_files import privacy_problem


def directory_problem(path: Path) -> str | None:
    """Return why this process cannot write to the directory `path`, or create it; None if it can.

    A directory that exists must be accessible to its owner only, or one whose mode this process
    may change to that. Raises OSError if a parent directory does not let this process look.
    """
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is no directory"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"{existing} is not writable"
    if existing == path:
        return privacy_problem(path)
    return None
