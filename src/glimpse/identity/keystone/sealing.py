"""Seal: what keeps the entries of a shared token cache from being read, forged or traced.

The options are keystonemiddleware's. As there, what is derived of the operator's secret and the
token names an entry and protects it, so that whoever reads the cache learns neither the token nor a
hash of it, and whoever writes to it cannot make a token good.
"""

import hashlib
import hmac
import os
from typing import Literal, NamedTuple

Strategy = Literal["MAC", "ENCRYPT"]

_MAC_BYTES = hashlib.sha256().digest_size
_NONCE_BYTES = 12


class CannotSeal(Exception):
    """The strategy needs what is not there; the message says what."""


class Keys(NamedTuple):
    """What is derived for one token: the entry's name, and the key that protects it."""

    name: str
    key: bytes


class Seal:
    """Protects entries by `strategy`: MAC signs them, ENCRYPT encrypts and signs them (AES-GCM)."""

    def __init__(self, strategy: Strategy, secret: str) -> None:
        """Raises CannotSeal without a secret, or when the library of the strategy is missing."""
        if not secret:
            raise CannotSeal("memcache_security_strategy needs a memcache_secret_key.")
        if strategy == "ENCRYPT":
            try:
                import cryptography  # noqa: F401, PLC0415  an extra, wanted only here
            except ImportError:
                raise CannotSeal("ENCRYPT needs: pip install 'glimpse[memcached]'") from None
        self._strategy = strategy
        self._secret = secret.encode()

    def keys(self, token: str) -> Keys:
        """Derive what names and protects the token's entry."""
        message = f"{self._strategy}:{token}".encode(errors="surrogatepass")
        digest = hmac.digest(self._secret, message, "sha512")
        return Keys(digest[:32].hex(), digest[32:])

    def close(self, keys: Keys, content: bytes) -> bytes:
        """Protect the content of the entry with these keys."""
        if self._strategy == "MAC":
            return hmac.digest(keys.key, content, "sha256") + content
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(keys.key).encrypt(nonce, content, None)

    def open(self, keys: Keys, sealed: bytes) -> bytes | None:
        """Return the content; None for what was not closed with these keys."""
        if self._strategy == "MAC":
            mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
            good = hmac.compare_digest(mac, hmac.digest(keys.key, content, "sha256"))
            return content if good else None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        try:
            return AESGCM(keys.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            return None
