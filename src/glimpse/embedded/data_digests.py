"""DataDigests: the checksum and the hash of an image's data, computed during the upload."""

import hashlib


class DataDigests:
    """The MD5 (``checksum``) and the SHA-512 (``os_hash_value``) of the data so far.

    These are the algorithms that the Image service uses by default.
    """

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha512 = hashlib.sha512()

    def update(self, data: bytes) -> None:
        """Append `data`. Blocks for some milliseconds per MiB, so call the method in a thread."""
        self._md5.update(data)
        self._sha512.update(data)

    @property
    def checksum(self) -> str:
        """The MD5 of all data so far, in hexadecimal."""
        return self._md5.hexdigest()

    @property
    def os_hash_value(self) -> str:
        """The SHA-512 of all data so far, in hexadecimal."""
        return self._sha512.hexdigest()
