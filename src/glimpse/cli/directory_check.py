"""directory_problem: checks that a directory can be used or created; creates nothing."""

import os
from pathlib import Path

from glimpse.identity.embedded.private_files import privacy_problem


def directory_problem(path: Path) -> str | None:
    """Return why this process cannot use or create the directory `path`; None if it can.

    An existing directory must be writable. It must also be accessible only to its owner, or this
    process must be able to change its mode. Raises OSError if this process may not search a parent
    directory.
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
