"""IdentityFile: reads and changes ``identity.json``, which operators may edit, too."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.errors import ChangeNotSynced, IdentityFileUnavailable
from glimpse.identity.embedded.identity_document import (
    complete_document,
    decode_document,
    encode_document,
    standard_document,
)
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.private_files import (
    DirectoryNotSynced,
    FileVersion,
    InvalidStateFile,
    locked,
    make_private_directory,
    read_file_version,
    read_private_file,
    write_private_file,
)
from glimpse.telemetry.broken_records import BrokenRecords
from glimpse.telemetry.throttled_log import ThrottledErrorLog

FILE_NAME = "identity.json"
_log = logging.getLogger(__name__)
_broken = BrokenRecords(_log, "entry of the identity file")
_log_unreadable = ThrottledErrorLog(_log)
_log_unchanged = ThrottledErrorLog(_log)
_log_not_synced = ThrottledErrorLog(_log)


class IdentityFile:
    """Reads and changes ``identity.json`` in a state directory.

    ``current`` is the Directory of the last valid content that was read. If several workers start
    at the same time, one worker creates the file and the others read it. If syncing is off for the
    state directory (`files.syncing`), a crash of the machine may undo any change.
    """

    def __init__(self, state_dir: Path) -> None:
        """Create the file if it is missing, complete it, and read it.

        Adds missing ids and passwords to the file, and replaces secrets of application credentials
        by hashes (see `complete_document`). Creates `state_dir` if it is missing. Makes `state_dir`
        and the file accessible to their owner only. Waits until no other process changes the file.
        Invalid entries are left out and logged.

        Raises OSError if the file cannot be created, locked, read or written. Raises
        InvalidStateFile if the file is not a JSON object, or if a section is not a list. The
        message has the path of the file.
        """
        make_private_directory(state_dir)
        self.path = state_dir / FILE_NAME
        self._lock = state_dir / ".identity.lock"
        self._version: FileVersion = (0, 0, 0, 0)
        self._reading = threading.Lock()
        self.current = Directory()
        with locked(self._lock):
            self._complete()
        self.refresh()

    def refresh(self) -> bool:
        """Read the file again if it has changed; return True if this call sets a new ``current``.

        Otherwise returns False. If the file is missing, unreadable or invalid, keeps ``current``
        and logs the problem. Each invalid version of the file is logged once, a file that cannot be
        read once a minute. Invalid entries are left out, and each invalid entry is logged once.

        May be called in any thread. Waits while another thread reads a changed file. A call takes 2
        µs if the file has not changed.
        """
        try:
            if read_file_version(self.path) == self._version:
                return False
            # One thread at a time, so that older content never replaces newer content.
            with self._reading:
                return self._read()
        except OSError as error:
            _log_unreadable(
                "%s cannot be read: %s. Its last valid content stays in use.",
                self.path,
                error.strerror,
            )
            return False

    def _read(self) -> bool:
        """Read the file if it has changed; return True if there is a new ``current``.

        The caller holds ``_reading``. An invalid file is logged once, and keeps ``current``. Raises
        OSError if the file cannot be read.
        """
        version = read_file_version(self.path)
        if version == self._version:  # another thread has read the file meanwhile
            return False
        content = read_private_file(self.path)
        try:
            self.current = parse_directory(decode_document(content))
        except InvalidStateFile as error:
            _log.warning(
                "%s is invalid: %s. Its last valid content stays in use: correct the file.",
                self.path,
                error,
            )
            return False
        finally:
            self._version = version
        for entry, reason in self.current.invalid_entries.items():
            _broken.report(entry, reason)
        return True

    def change(self, edit: Callable[[dict[str, Any], Directory], None]) -> None:
        """Read the document, let `edit` change it in place, and replace the file atomically.

        `edit` also gets the Directory of the document before the change. The document may be newer
        than ``current``. If `edit` raises any error, also an OSError or InvalidStateFile, nothing
        is written or logged, and the error is raised here. On return, the change is on disk and in
        ``current``.

        Waits until no other thread or worker changes the file, so that no change is lost. This
        blocks the thread. May be called in any thread, but not by `edit`.

        Raises IdentityFileUnavailable, and writes nothing, if the file is invalid, or cannot be
        locked, read or written. Raises ChangeNotSynced if only the directory of the file cannot be
        synced: the file and ``current`` have the change, but a crash of the machine may undo the
        change. Both errors are logged, those of the file system at most once a minute.
        """
        with ExitStack() as lock:
            with self._reported_failures("locked"):
                lock.enter_context(locked(self._lock))
            with self._reported_failures("read"):
                document = decode_document(read_private_file(self.path))
                directory = parse_directory(document)
            edit(document, directory)
            with self._reported_failures("written"):
                write_private_file(self.path, encode_document(document))
        self.refresh()

    @contextmanager
    def _reported_failures(self, step: str) -> Iterator[None]:
        """Log an OSError or InvalidStateFile of the block, and raise IdentityFileUnavailable.

        `step` is what the block does to the file: ``locked``, ``read`` or ``written``. For a
        DirectoryNotSynced, reads the changed file into ``current``, and raises ChangeNotSynced.
        Other errors of the block pass through.
        """
        try:
            yield
        except DirectoryNotSynced as error:
            self.refresh()
            _log_not_synced(
                "%s has been changed, but its directory cannot be synced: %s. A crash may undo "
                "the change.",
                self.path,
                error.strerror,
            )
            raise ChangeNotSynced(
                "The change was made, but it may be lost in a crash. Do not repeat it."
            ) from None
        except OSError as error:
            _log_unchanged(
                "%s cannot be %s: %s. The change is not made.", self.path, step, error.strerror
            )
            raise IdentityFileUnavailable(f"The identity file cannot be {step}.") from None
        except InvalidStateFile as error:
            _log.error(
                "%s is invalid: %s. The change is not made: correct the file.", self.path, error
            )
            raise IdentityFileUnavailable("The identity file is invalid.") from None

    def _complete(self) -> None:
        """Create the file, or write what `complete_document` adds to it; make the file private.

        Call this with the lock held. A file that is complete and private is not written. Raises
        OSError if the file cannot be read or written. Raises InvalidStateFile, with the path in its
        message, if the file is invalid. An invalid file is not changed.
        """
        exists = self.path.exists()
        try:
            written = (
                decode_document(read_private_file(self.path)) if exists else standard_document()
            )
            document = complete_document(written)
            parse_directory(document)
        except InvalidStateFile as error:
            raise InvalidStateFile(f"{self.path}: {error}") from error
        if not exists or document != written:
            write_private_file(self.path, encode_document(document))
        elif self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)
