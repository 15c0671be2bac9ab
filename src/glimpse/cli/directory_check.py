"""Checks that a directory can be used, created or written; creates nothing."""

import os
from pathlib import Path

from glimpse.identity.embedded.private_files import privacy_problem


def read_only_advice(path: Path) -> str:
    """Return advice for an error message if the state directory `path` is not writable.

    Returns "" if `path` is writable or is no directory. Commands that only read need a writable
    directory, too: for the lock of the identity file, and for files that SQLite makes.
    """
    if not path.is_dir() or os.access(path, os.W_OK | os.X_OK):
        return ""
    return (
        f" The state directory {path} must be writable, even for commands that only read: use a "
        "user who may write it, or copy the directory and set --state-dir to the copy."
    )


def directory_problem(path: Path) -> str | None:
    """Return why this process cannot use or create the directory `path`; None if it can.

    An existing directory must be writable. If other users may access it, this process must be able
    to change that. If `path` does not exist, the nearest parent that exists must be a writable
    directory. Raises OSError if this process may not search a parent directory.
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
