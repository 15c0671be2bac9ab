"""DirectoryFile: the directory on disk, shared by all workers and whoever edits it."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glimpse.identity.embedded import directory
from glimpse.identity.embedded.directory import Directory, InvalidDirectory
from glimpse.identity.embedded.private_files import (
    locked,
    make_private_directory,
    write_private_file,
)
from glimpse.identity.service import IdentityUnavailable
from glimpse.telemetry.broken_records import BrokenRecords
from glimpse.telemetry.throttled_log import ThrottledErrorLog

FILE_NAME = "identity.json"
_Signature = tuple[int, int, int]
_log = logging.getLogger(__name__)
_broken = BrokenRecords(_log, "entry of the identity file")
_log_unwritable = ThrottledErrorLog(_log)


class DirectoryFile:
    """``identity.json`` in a state directory: created at the first start, read again when changed.

    Workers that start at once on an empty directory agree: one creates, the others read.
    """

    def __init__(self, state_dir: Path) -> None:
        """Open or create. Raises OSError, or InvalidDirectory naming the file."""
        make_private_directory(state_dir)
        self.path = state_dir / FILE_NAME
        self._lock = state_dir / ".identity.lock"
        self._signature: _Signature = (0, 0, 0)
        self.current = Directory()
        with locked(self._lock):
            self._complete()
        self.refresh()

    def refresh(self) -> bool:
        """Read the file again if it is another one now; tell whether it was (2 µs if not).

        A file that went missing or is invalid leaves the directory as it was; the latter is logged.
        """
        try:
            signature = self._sign()
            if signature == self._signature:
                return False
            self._signature = signature
            self.current = directory.parse(directory.decode(self.path.read_bytes()))
        except (OSError, InvalidDirectory) as error:
            if isinstance(error, InvalidDirectory):  # once: it is not read again until it changes
                _log.warning("%s is not used as it is now: %s", self.path, error)
            return False
        for entry, reason in self.current.broken.items():
            _broken.report(entry, reason)
        return True

    def change(self, edit: Callable[[dict[str, Any]], None]) -> None:
        """Apply `edit` to the file's document, one process at a time; what it raises ends it.

        Raises IdentityUnavailable, and changes nothing, where the disk is full or the file is
        invalid as it is now.
        """
        try:
            with locked(self._lock):
                document = directory.decode(self.path.read_bytes())
                directory.parse(document)
                edit(document)
                write_private_file(self.path, directory.encode(document))
        except OSError as error:
            _log_unwritable("%s cannot be written: %s", self.path, error.strerror)
            raise IdentityUnavailable("The identity file cannot be written.") from None
        except InvalidDirectory as error:
            _log.error("%s cannot be changed as it is now: %s", self.path, error)
            raise IdentityUnavailable("The identity file is invalid.") from None
        self.refresh()

    def _sign(self) -> _Signature:
        found = os.stat(self.path)  # noqa: PTH116  twice as fast as Path.stat, and asked per request
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _complete(self) -> None:
        exists = self.path.exists()
        try:
            written = (
                directory.decode(self.path.read_bytes())
                if exists
                else directory.standard_document()
            )
            document = directory.completed(written)
            directory.parse(document)
        except InvalidDirectory as error:
            raise InvalidDirectory(f"{self.path}: {error}") from error
        if not exists or document != written:
            write_private_file(self.path, directory.encode(document))
        elif self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)
