"""Tokens: what one says, signed so that every worker of the machine can check it. Pure."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import NamedTuple

import orjson

KEY_BYTES = 32
LONGEST_TOKEN = 2048  # characters; nothing longer was made here
_SIGNATURE_CHARACTERS = 43
_MARK_BYTES = 9


class Token(NamedTuple):
    """What a token says. Times are seconds since 1970.

    ``audit_ids``: the token's own, then that of the first token it was derived from, if any:
    revoking either ends it. ``password_mark`` is what `mark` made of the user's password: another
    password ends the token, too.
    """

    user_id: str
    project_id: str | None
    methods: tuple[str, ...]
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]
    password_mark: str
    application_credential_id: str | None = None


def new_audit_id() -> str:
    """Make a random id that names a token without being one; safe in a URL or a log."""
    return secrets.token_urlsafe(16)


def sign(token: Token, key: bytes) -> str:
    """Return the text that stands for `token`: letters, digits, ``-``, ``_`` and one ``.``."""
    payload = _encode(orjson.dumps(tuple(token)))
    return f"{payload}.{_signature(payload, key)}"


def verify(text: str, key: bytes) -> Token | None:
    """Return what `text` says, None if it was not signed with `key`. Expired ones are returned."""
    payload, _, signature = text.rpartition(".")
    if len(text) > LONGEST_TOKEN or len(signature) != _SIGNATURE_CHARACTERS or not text.isascii():
        return None
    if not hmac.compare_digest(_signature(payload, key), signature):
        return None
    try:
        said = Token(*orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (binascii.Error, ValueError, TypeError):  # a TypeError: signed by another Glimpse
        return None
    return said._replace(methods=tuple(said.methods), audit_ids=tuple(said.audit_ids))


def mark(secret: str, key: bytes) -> str:
    """A text that tells one secret from another without telling the secret to who lacks `key`."""
    content = b"password\0" + secret.encode(errors="surrogatepass")
    return _encode(hmac.digest(key, content, hashlib.sha256)[:_MARK_BYTES])


def _signature(payload: str, key: bytes) -> str:
    return _encode(hmac.digest(key, payload.encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
