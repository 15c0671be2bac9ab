"""EntryProtection: signs or encrypts the entries of a shared token cache.

The strategies are keystonemiddleware's. As there, an entry's name and key are derived from the
operator's secret and the token: reading memcached reveals neither a token nor a hash of one, and
writing to it makes no token valid.
"""

import hashlib
import hmac
import os
from typing import Literal, NamedTuple

Strategy = Literal["MAC", "ENCRYPT"]

_MAC_BYTES = hashlib.sha256().digest_size
_NONCE_BYTES = 12


class ProtectionUnavailable(Exception):
    """The strategy lacks a secret or a library; the message says which."""


class EntryKeys(NamedTuple):
    """Derived from one token: the name of its entry, and the key that protects the entry."""

    name: str
    key: bytes


class EntryProtection:
    """Protects entries: MAC signs them, ENCRYPT encrypts and signs them (AES-GCM)."""

    def __init__(self, strategy: Strategy, secret: str) -> None:
        """Raises ProtectionUnavailable without a secret, or without the strategy's library."""
        if not secret:
            raise ProtectionUnavailable("memcache_security_strategy needs a memcache_secret_key.")
        if strategy == "ENCRYPT":
            try:
                import cryptography  # noqa: F401, PLC0415  an extra, needed only here
            except ImportError:
                raise ProtectionUnavailable(
                    "ENCRYPT needs: pip install 'glimpse[memcached]'"
                ) from None
        self._strategy = strategy
        self._secret = secret.encode()

    def derive_keys(self, token: str) -> EntryKeys:
        """Return the name and the key of the token's entry."""
        message = f"{self._strategy}:{token}".encode(errors="surrogatepass")
        digest = hmac.digest(self._secret, message, "sha512")
        return EntryKeys(digest[:32].hex(), digest[32:])

    def protect(self, keys: EntryKeys, content: bytes) -> bytes:
        """Sign, or encrypt and sign, the content of the entry with these keys."""
        if self._strategy == "MAC":
            return hmac.digest(keys.key, content, "sha256") + content
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(keys.key).encrypt(nonce, content, None)

    def unprotect(self, keys: EntryKeys, protected: bytes) -> bytes | None:
        """Return the content, or None if `protected` was not made with these keys."""
        if self._strategy == "MAC":
            mac, content = protected[:_MAC_BYTES], protected[_MAC_BYTES:]
            is_valid = hmac.compare_digest(mac, hmac.digest(keys.key, content, "sha256"))
            return content if is_valid else None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra, imported only if it is configured

        nonce, encrypted = protected[:_NONCE_BYTES], protected[_NONCE_BYTES:]
        try:
            return AESGCM(keys.key).decrypt(nonce, encrypted, None)
        except (InvalidTag, ValueError):
            return None
