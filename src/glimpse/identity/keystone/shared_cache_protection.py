"""EntryProtection: signs or encrypts the entries of SharedCache.

The name and the key of an entry are derived from the operator's secret and the token, as in
keystonemiddleware. So somebody who can read memcached learns neither a token nor the hash of a
token. Somebody who can write to memcached cannot make a token valid.
"""

import hashlib
import hmac
import os
from typing import Literal, NamedTuple

Strategy = Literal["MAC", "ENCRYPT"]

_MAC_BYTES = hashlib.sha256().digest_size
_NONCE_BYTES = 12


class ProtectionUnavailable(Exception):
    """The operator's secret, which has to protect the entries, is empty."""


class EntryKeys(NamedTuple):
    """The name of a token's entry, and the key that signs or encrypts the entry."""

    name: str
    key: bytes


class EntryProtection:
    """Signs entries of SharedCache, or encrypts and signs them.

    With the `strategy` MAC, entries are signed with HMAC-SHA256. With ENCRYPT, entries are
    encrypted and signed with AES-GCM. `unprotect` returns None for an entry that was made with
    another strategy or another secret.
    """

    def __init__(self, strategy: Strategy, secret: str) -> None:
        """Take the operator's secret, which is the same in all processes that share entries.

        Raises ProtectionUnavailable if `secret` is empty.
        """
        if not secret:
            raise ProtectionUnavailable("memcache_security_strategy needs a memcache_secret_key.")
        self._strategy = strategy
        self._secret = secret.encode()

    def derive_keys(self, token: str) -> EntryKeys:
        """Return the name and the key of the entry of `token`.

        All processes with the same strategy and secret derive the same name and key.
        """
        message = f"{self._strategy}:{token}".encode(errors="surrogatepass")
        digest = hmac.digest(self._secret, message, "sha512")
        return EntryKeys(digest[:32].hex(), digest[32:])

    def protect(self, keys: EntryKeys, content: bytes) -> bytes:
        """Return the bytes to store: `content` signed, or encrypted and signed, with `keys`.

        With ENCRYPT, each call returns other bytes for the same `content`.
        """
        if self._strategy == "MAC":
            return hmac.digest(keys.key, content, "sha256") + content
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  most gateways need none

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(keys.key).encrypt(nonce, content, None)

    def unprotect(self, keys: EntryKeys, protected: bytes) -> bytes | None:
        """Return the content of `protected`, or None.

        Returns None if `protected` was not made by `protect` with the same strategy and `keys`.
        """
        if self._strategy == "MAC":
            mac, content = protected[:_MAC_BYTES], protected[_MAC_BYTES:]
            is_valid = hmac.compare_digest(mac, hmac.digest(keys.key, content, "sha256"))
            return content if is_valid else None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as above

        nonce, encrypted = protected[:_NONCE_BYTES], protected[_NONCE_BYTES:]
        try:
            return AESGCM(keys.key).decrypt(nonce, encrypted, None)
        except (InvalidTag, ValueError):
            return None
