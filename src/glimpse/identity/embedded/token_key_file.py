"""TokenKeyFile: reads the file ``token.key``, which has the keys that sign tokens."""

import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from glimpse.identity.embedded.private_files import (
    InvalidStateFile,
    create_private_file,
    read_file_version,
    read_private_file,
)
from glimpse.identity.embedded.tokens import KEY_BYTES, TokenKeys
from glimpse.telemetry.throttled_log import ThrottledErrorLog

_log = logging.getLogger(__name__)

_INTERVAL = 1.0  # seconds within which all workers refuse the tokens of a removed key


class TokenKeyFile:
    """The keys that sign tokens, read from a file.

    The file has KEY_BYTES bytes for each key, the newest key first, and nothing between the keys.
    Operators rotate keys by replacing the file (docs/operations.md). ``keys`` has the last valid
    content that was read. Only `refresh` and `refresh_sometimes` read the file again.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Read the file `path`, or create it with one random key. `clock` returns POSIX times.

        If several workers start at the same time, all of them use the same key. Raises OSError if
        the file cannot be created or read. Raises InvalidStateFile if the file is empty, or if its
        length is not a multiple of KEY_BYTES.
        """
        self._path = path
        self._clock = clock
        self._refreshed_at = clock()
        self._log_unreadable = ThrottledErrorLog(_log)
        create_private_file(path, secrets.token_bytes(KEY_BYTES))
        self._version = read_file_version(path)
        self.keys = self._read()

    def refresh_sometimes(self) -> None:
        """Call `refresh` if the last call of `refresh` is at least a second ago.

        Also calls `refresh` if the clock was set back. Otherwise returns at once (0.1 µs). Call
        this method with each request.
        """
        # Negative after the clock was set back: refresh then, too.
        if not 0 <= self._clock() - self._refreshed_at < _INTERVAL:
            self.refresh()

    def refresh(self) -> None:
        """Read the file again if it was changed or replaced, or if its permissions changed.

        After that, ``keys`` has the new keys. If the file is missing, unreadable or invalid, keeps
        ``keys`` and logs the problem. Each invalid version of the file is logged once, a file that
        cannot be read once a minute.
        """
        self._refreshed_at = self._clock()
        try:
            version = read_file_version(self._path)
            if version == self._version:
                return
            self.keys = self._read()
        except OSError as error:
            self._log_unreadable(
                "%s cannot be read: %s. The keys in use are kept. Restore the file, and make it "
                "readable for this process: without it, the next process that starts makes a new "
                "key, and all users have to log in again.",
                self._path,
                error.strerror,
            )
            return
        except InvalidStateFile as error:
            _log.warning("The present keys of tokens are kept: %s", error)
        self._version = version

    def _read(self) -> TokenKeys:
        """Return the keys in the file.

        Raises OSError if the file cannot be read. Raises InvalidStateFile if the file is empty, or
        if its length is not a multiple of KEY_BYTES.
        """
        content = read_private_file(self._path)
        # Keys of other lengths could be guessed: anybody could make tokens.
        keys = [content[i : i + KEY_BYTES] for i in range(0, len(content), KEY_BYTES)]
        try:
            return TokenKeys(keys)
        except ValueError as error:
            raise InvalidStateFile(f"{self._path}: {error}") from None
