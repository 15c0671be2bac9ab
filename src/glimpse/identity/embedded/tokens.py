"""Token, the content of a token, and TokenKeys, which signs and verifies tokens."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import NamedTuple

import orjson

KEY_BYTES = 32
MAX_TOKEN_CHARACTERS = 2048
_SIGNATURE_CHARACTERS = 43
_KEY_ID_BYTES = 6
_FINGERPRINT_BYTES = 9
_FIELDS_WITHOUT_SCOPE = 8  # the number of fields before Token.domain_id


class Token(NamedTuple):
    """The content of a token. Times are POSIX times.

    The scope of the token is the project ``project_id``, the domain ``domain_id``, or the system if
    ``is_system`` is True. If none of these is set, the token is unscoped.

    The first of ``audit_ids`` is the token's own audit id. If the client obtained the token with
    another token, there is a second id: that of the token from the original login with a password.
    Revoking either id invalidates the token.

    ``password_fingerprint`` is the `TokenKeys.password_fingerprint` of the user's password, or of
    its stored hash, when the token was issued. A change of the password invalidates the token.
    ``key_id`` names the key that signs the token.
    """

    user_id: str
    project_id: str | None
    methods: tuple[str, ...]
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]
    password_fingerprint: str
    application_credential_id: str | None = None
    domain_id: str | None = None
    is_system: bool = False
    key_id: str = ""


def new_audit_id() -> str:
    """Return a new random audit id, which identifies a token without being secret."""
    return secrets.token_urlsafe(16)


class TokenKeys:
    """The keys of a state directory, which sign and verify the text of tokens.

    ``signing_key_id`` is the id of the newest key. A key's id is a hash of the key. The signature
    of a token is valid if it was made with any of the keys.

    The text of a token is ``KEY_ID.PAYLOAD.SIGNATURE``. In Glimpse 0.1, the text was
    ``PAYLOAD.SIGNATURE``; such a text is accepted, too.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Make the TokenKeys of `keys`, the newest key first. The newest key signs new tokens.

        Raises ValueError if `keys` is empty, or if a key is not KEY_BYTES long.
        """
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"there have to be one or more keys of {KEY_BYTES} bytes each")
        self._keys = {_key_id(key): key for key in keys}
        self.signing_key_id = _key_id(keys[0])

    def __contains__(self, key_id: str) -> bool:
        """Return True if one of the keys has the id `key_id`."""
        return key_id in self._keys

    def sign(self, token: Token) -> str:
        """Return the text of `token`, signed with the key that ``token.key_id`` names.

        The text consists of letters, digits, ``-``, ``_`` and two ``.``. Raises KeyError if no key
        has the id ``token.key_id``.
        """
        payload = _encode(orjson.dumps(_stored_fields(token)))
        signed = f"{token.key_id}.{payload}"
        return f"{signed}.{_sign(signed, self._keys[token.key_id])}"

    def verify(self, text: str) -> Token | None:
        """Return the token in `text`; None if none of the keys has signed `text`.

        Only the signature is checked: the token may have expired or been revoked. Returns None,
        too, if `text` has more than MAX_TOKEN_CHARACTERS, or other fields than tokens of this
        version and of Glimpse 0.1 have. ``key_id`` of the result names the key that signed `text`.
        """
        signed, _, signature = text.rpartition(".")
        if (
            len(text) > MAX_TOKEN_CHARACTERS
            or len(signature) != _SIGNATURE_CHARACTERS
            or not text.isascii()
        ):
            return None
        key_id, has_key_id, payload = signed.rpartition(".")
        for each in (key_id,) if has_key_id else self._keys:
            key = self._keys.get(each)
            if key is not None and hmac.compare_digest(_sign(signed, key), signature):
                return _parse(payload, each)
        return None

    def password_fingerprint(self, password: str, key_id: str) -> str:
        """Return a keyed hash of `password`, made with the key `key_id`.

        Without the key, the hash reveals nothing about the password. Raises KeyError if no key has
        the id `key_id`.
        """
        content = b"password\0" + password.encode(errors="surrogatepass")
        return _encode(
            hmac.digest(self._keys[key_id], content, hashlib.sha256)[:_FINGERPRINT_BYTES]
        )


def _stored_fields(token: Token) -> tuple[object, ...]:
    """Return the fields of `token` that its text has: all fields except ``key_id``.

    If the scope is neither a domain nor the system, the fields for these scopes are left out, as in
    tokens of Glimpse 0.1. `_parse` reads both forms.
    """
    has_scope = token.domain_id is not None or token.is_system
    return token[:-1] if has_scope else token[:_FIELDS_WITHOUT_SCOPE]


def _parse(payload: str, key_id: str) -> Token | None:
    """Return the token in a payload, with `key_id` as its ``key_id``.

    Returns None if the payload is not JSON in base64, or has another number of fields than a token
    of this version or of Glimpse 0.1. The types of the fields are not
    checked, so call this function only after the signature has been verified.
    """
    try:
        padding = "=" * (-len(payload) % 4)
        fields = orjson.loads(base64.urlsafe_b64decode(payload + padding))
        if len(fields) == _FIELDS_WITHOUT_SCOPE:
            fields += [None, False]
        token = Token._make([*fields, key_id])
    except (binascii.Error, ValueError, TypeError):
        return None
    return token._replace(methods=tuple(token.methods), audit_ids=tuple(token.audit_ids))


def _key_id(key: bytes) -> str:
    """Return the id of `key`: a hash from which the key cannot be computed."""
    return _encode(hmac.digest(key, b"key id\0", hashlib.sha256)[:_KEY_ID_BYTES])


def _sign(text: str, key: bytes) -> str:
    """Return the signature of `text`: HMAC-SHA256, in URL-safe base64 of 43 characters."""
    return _encode(hmac.digest(key, text.encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    """Return `content` in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
