"""EmbeddedIdentity: implements Identity with signed tokens and users in a state directory."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.embedded.directory_entries import User
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.login import Login
from glimpse.identity.embedded.revocations import Revocations
from glimpse.identity.embedded.session import (
    Session,
    caller_from_session,
    check_access_rules,
    resolve_session,
)
from glimpse.identity.embedded.token_key_file import TokenKeyFile
from glimpse.identity.embedded.tokens import Token
from glimpse.identity.service import Identity, Unauthorized
from glimpse.images import Caller

EXPIRED_WINDOW = 172_800  # seconds, as Keystone's [token] allow_expired_window
MAX_CACHED_TOKENS = 2000
MAX_CACHED_BYTES = 4 * 2**20
_CALLER_BYTES = 1024  # of a Caller and its place in the cache, about
SERVICE_ROLE = "service"  # as keystonemiddleware's service_token_roles


class _CachedCaller(NamedTuple):
    """The caller of a valid token, and the POSIX time at which the session expires."""

    caller: Caller
    expires_at: float


class EmbeddedIdentity:
    """Implements Identity with the files of a state directory. Create an instance with `open`.

    All workers of a machine open the same files, so each worker accepts the tokens that another
    worker issued. A revocation, an edit of the identity file and a new key take effect in all
    workers with the next request. The removal of a key takes effect within one second.

    ``login`` checks logins and makes sessions. `sign` makes the text of a session's token.
    ``clock`` returns POSIX times. Call all methods in the thread of the event loop.
    """

    def __init__(
        self,
        identity_file: IdentityFile,
        revocations: Revocations,
        key_file: TokenKeyFile,
        token_expiration: float,
        region_name: str,
        clock: Callable[[], float],
    ) -> None:
        self.identity_file = identity_file
        self.region_name = region_name
        self.clock = clock
        self.login = Login(self, token_expiration)
        self._revocations = revocations
        self._key_file = key_file
        self._cache: LruCache[str, _CachedCaller] = LruCache(MAX_CACHED_TOKENS, MAX_CACHED_BYTES)
        self._cached_directory = identity_file.current
        self._cached_keys = key_file.keys
        self._cached_generation = revocations.generation()

    @classmethod
    def open(
        cls,
        state_dir: Path,
        *,
        token_expiration: float,
        region_name: str,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the files in `state_dir`; create missing files, with standard users and a new key.

        Creates `state_dir`, too, if it is missing. Adds missing ids and passwords to an existing
        identity file, and replaces secrets of application credentials by hashes. New tokens expire
        after `token_expiration` seconds. `region_name` is the region of this process in the
        catalog. `clock` returns POSIX times. The caller closes the result.

        Raises OSError if a file cannot be created, read or written. Raises IdentityUnavailable if
        the file of revocations is not a database, or cannot be locked or written. Raises
        InvalidStateFile if the identity file or the key file has invalid content.
        """
        identity_file = IdentityFile(state_dir)
        key_file = TokenKeyFile(state_dir / "token.key", clock)
        revocations = Revocations(state_dir / "revocations.sqlite", clock)
        return cls(identity_file, revocations, key_file, token_expiration, region_name, clock)

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Implement Identity.authenticate: return the caller of `token`.

        If the user of `service_token` has the role ``service``, `token` may have expired up to two
        days ago, and the access rules of `token` are not checked. A `service_token` of another user
        has no effect. An empty token or service token counts as missing.

        Raises Unauthorized if `token` is missing, or if `token` or `service_token` is not valid
        (see `validate`). Raises Unauthorized, too, if `token` has access rules, and they do not
        allow `target` or `target` is None. Raises IdentityUnavailable if the revocations cannot be
        read.

        Callers are cached, except those whose tokens have access rules. A call takes microseconds
        if the caller is cached. The cache is emptied if the identity file or the keys change, or if
        any token is revoked.
        """
        if not token:
            raise Unauthorized("The request you have made requires authentication.")
        self._refresh()
        expired_window = self._accepted_expiry_seconds(service_token) if service_token else 0
        cached = self._cache.get(token)
        if cached is not None and self.clock() < cached.expires_at:
            return cached.caller
        session = self.validate(token, expired_window)
        if not expired_window:  # without the token of a service
            check_access_rules(session, target)
        caller = caller_from_session(session, token)
        expires_at = session.expires_at
        has_rules = session.credential is not None and session.credential.access_rules
        if self.clock() < expires_at and not has_rules:  # the rules are checked for each request
            self._cache.put(token, _CachedCaller(caller, expires_at), len(token) + _CALLER_BYTES)
        return caller

    def validate(self, text: str, expired_window: float = 0) -> Session:
        """Return the session of the token `text`, with the roles that the user has at present.

        First reads a changed identity file again. Reads changed keys at most once a second, or at
        once if no known key has signed `text`. If a file cannot be read or is invalid, the content
        that was read last counts. Raises IdentityUnavailable if the revocations cannot be read.
        Raises Unauthorized in these cases:

        - `text` is not a token that one of the present keys has signed.
        - The token has expired, and `expired_window` seconds have passed since then.
        - The token has been revoked.
        - The application credential of the token has expired, even within `expired_window`.
        - The user's password has been changed since the token was issued.
        - `resolve_session` raises Unauthorized, for example because the user is disabled or has no
          role in the scope of the token.
        """
        self._refresh()
        token = self._key_file.keys.verify(text)
        if token is None:  # another worker may have signed it with a new key
            self._key_file.refresh()
            token = self._key_file.keys.verify(text)
        if token is None or self.clock() >= token.expires_at + expired_window:
            raise Unauthorized("The token is not valid.")
        if self._revocations.is_revoked(token.audit_ids):
            raise Unauthorized("The token has been revoked.")
        session = resolve_session(token, self.identity_file.current)
        if token.password_fingerprint != self.password_fingerprint(session.user, token.key_id):
            raise Unauthorized("The user's password has been changed.")
        credential = session.credential
        limit = credential.expires_at if credential else None
        if limit is not None and self.clock() >= limit:
            raise Unauthorized("The token's application credential has expired.")
        return session

    def signing_key_id(self) -> str:
        """Return the id of the key that signs new tokens. First reads a changed key file again.

        If the file cannot be read or is invalid, logs the problem and returns the id of the last
        known key.
        """
        self._key_file.refresh()
        return self._key_file.keys.signing_key_id

    def password_fingerprint(self, user: User, key_id: str) -> str:
        """Return a hash of the user's password or stored hash, keyed with the key `key_id`.

        A token contains this hash. A change of the password changes the hash, and so invalidates
        the token. A user without a password has a hash, too. Raises KeyError if no key has the id
        `key_id`.
        """
        return self._key_file.keys.password_fingerprint(
            user.password or user.password_hash or "", key_id
        )

    def sign(self, token: Token) -> str:
        """Return the text of `token`, which clients send as ``X-Auth-Token``.

        The text is signed with the key that ``token.key_id`` names. Raises Unauthorized if that key
        has been removed.
        """
        if token.key_id not in self._key_file.keys:
            raise Unauthorized("The token's key has been removed.")
        return self._key_file.keys.sign(token)

    async def revoke(self, session: Session) -> None:
        """Revoke the token of `session`, and in one case also the tokens obtained with it.

        - If the token was obtained with another token, only the token itself is revoked.
        - Otherwise, all tokens that were obtained with it, also indirectly, are revoked, too.

        Revoking a token twice is no error.

        On return, the revocation is on disk and takes effect in all workers. Raises
        IdentityUnavailable if the revocation cannot be written. If the calling task is cancelled,
        the token may still be revoked.
        """
        token = session.token
        until = token.expires_at + EXPIRED_WINDOW
        await asyncio.to_thread(self._revocations.revoke, token.audit_ids[0], until)

    def challenge(self, own_url: str) -> str:
        """Implement Identity.challenge: return ``Keystone uri="OWN_URL"``."""
        return f'Keystone uri="{own_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Do nothing: callers are not taken over.

        Validating a token again takes little time.
        """

    async def close(self) -> None:
        """Close the file of revocations, and start no further check of a password.

        Logins that wait for a check raise IdentityUnavailable. After `close`, call no other method.
        """
        self.login.close()
        self._revocations.close()

    def _accepted_expiry_seconds(self, service_token: str) -> float:
        """Return the seconds for which an expired token is still accepted with `service_token`.

        Returns EXPIRED_WINDOW if the user of `service_token` has the role ``service``, otherwise 0.
        Raises Unauthorized if `service_token` is not valid, and IdentityUnavailable if the
        revocations cannot be read.
        """
        roles = self.validate(service_token).role_names
        return EXPIRED_WINDOW if SERVICE_ROLE in roles else 0

    def _refresh(self) -> None:
        """Read the identity file again if it has changed, and the keys at most once a second.

        Empties the cache of callers if the identity file or the keys have changed, or if any token
        has been revoked. If a file cannot be read or is invalid, logs the problem and keeps the
        content that was read last.
        """
        self.identity_file.refresh()
        self._key_file.refresh_sometimes()
        directory, keys = self.identity_file.current, self._key_file.keys
        generation = self._revocations.generation()
        if (
            directory is not self._cached_directory
            or keys is not self._cached_keys
            or generation != self._cached_generation
        ):
            self._cached_directory, self._cached_keys = directory, keys
            self._cached_generation = generation
            self._cache.clear()
