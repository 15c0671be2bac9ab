"""EmbeddedIdentity: the identity that Glimpse keeps itself, for all workers of one machine."""

import asyncio
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple, Self

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.embedded.directory import InvalidDirectory, User
from glimpse.identity.embedded.directory_file import DirectoryFile
from glimpse.identity.embedded.login import Login
from glimpse.identity.embedded.private_files import create_private_file
from glimpse.identity.embedded.revocations import Revocations
from glimpse.identity.embedded.session import Session, caller_of, open_session
from glimpse.identity.embedded.tokens import KEY_BYTES, Token, mark, sign, verify
from glimpse.identity.service import Identity, Unauthorized
from glimpse.images import Caller

DEFAULT_EXPIRATION = 3600  # seconds, as Keystone's [token] expiration
EXPIRED_WINDOW = 172_800  # seconds, as Keystone's [token] allow_expired_window
MOST_KNOWN_TOKENS = 2000
MOST_KNOWN_BYTES = 4 * 2**20
_CALLER_BYTES = 1024  # of a Caller and its place in the table, about
SERVICE_ROLE = "service"  # as keystonemiddleware's service_token_roles


class _Known(NamedTuple):
    caller: Caller
    expires_at: float


class EmbeddedIdentity:
    """Users, tokens and application credentials of a state directory. Made by `open`.

    ``directory_file`` holds who there is, ``login`` makes tokens, and this class says whether one
    is valid. Every worker opens the same files: a token made by one is good for all, and its
    revocation, or an edit of the directory, counts everywhere from the next request on.
    """

    def __init__(
        self,
        directory_file: DirectoryFile,
        revocations: Revocations,
        key: bytes,
        token_expiration: float,
        region_name: str,
    ) -> None:
        self.directory_file = directory_file
        self.region_name = region_name
        self.login = Login(self, token_expiration)
        self._revocations = revocations
        self._key = key
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._known_bytes = 0
        self._generation = revocations.generation()
        self._directory = directory_file.current

    @classmethod
    def open(
        cls,
        state_dir: Path,
        *,
        token_expiration: float = DEFAULT_EXPIRATION,
        region_name: str = "RegionOne",
    ) -> Self:
        """Open `state_dir` (created 0700 with users and a key if new); expiration in seconds.

        Raises OSError, IdentityUnavailable, or InvalidDirectory for an identity file, or a key,
        that is not one.
        """
        directory_file = DirectoryFile(state_dir)
        key = create_private_file(state_dir / "token.key", secrets.token_bytes(KEY_BYTES))
        if len(key) != KEY_BYTES:  # with a short one, anybody could make tokens
            raise InvalidDirectory(f"{state_dir / 'token.key'}: has to have {KEY_BYTES} bytes")
        revocations = Revocations(state_dir / "revocations.sqlite")
        return cls(directory_file, revocations, key, token_expiration, region_name)

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,  # noqa: ARG002  there are no access rules
    ) -> Caller:
        """Return the caller whose token it is (microseconds for one seen before).

        An expired `token` is accepted up to two days longer with a `service_token` whose user has
        the role ``service``. Raises Unauthorized, for a service token that is not valid too.
        """
        if not token:
            raise Unauthorized("The request you have made requires authentication.")
        self._forget_if_changed()
        window = self._window_of(service_token) if service_token else 0
        known = self._known.get(token)
        if known is not None and time.time() < known.expires_at:
            return known.caller
        session = self.validate(token, window)
        caller = caller_of(session, token)
        if time.time() < session.token.expires_at:
            self._remember(token, _Known(caller, session.token.expires_at))
        return caller

    def validate(self, text: str, expired_window: float = 0) -> Session:
        """Check a token in full; it may have expired up to `expired_window` seconds ago.

        Raises Unauthorized.
        """
        self._forget_if_changed()
        token = verify(text, self._key)
        if token is None or time.time() >= token.expires_at + expired_window:
            raise Unauthorized("The token is not valid.")
        if self._revocations.is_revoked(token.audit_ids):
            raise Unauthorized("The token has been revoked.")
        session = open_session(token, self.directory_file.current)
        if token.password_mark != self.password_mark(session.user):
            raise Unauthorized("The user's password has been changed.")
        credential = session.credential
        limit = credential.expires_at if credential else None
        if limit is not None and time.time() >= limit:
            raise Unauthorized("The token's application credential has expired.")
        return session

    def password_mark(self, user: User) -> str:
        """What a token says of its user's password: another one ends all of the user's tokens."""
        return mark(user.password or user.password_hash or "", self._key)

    def sign(self, token: Token) -> str:
        """Return the text that a client sends as `token`."""
        return sign(token, self._key)

    async def revoke(self, session: Session) -> None:
        """End a session's token, and those made from it, for all workers, durably."""
        token = session.token
        until = token.expires_at + EXPIRED_WINDOW
        await asyncio.to_thread(self._revocations.revoke, token.audit_ids[0], until)

    def challenge(self, base_url: str) -> str:
        """The ``WWW-Authenticate`` header of a 401; `base_url` without a slash at its end."""
        return f'Keystone uri="{base_url}/identity"'

    def copy_cache(self, other: Identity) -> None:
        """See Identity: it remembers nothing."""

    async def close(self) -> None:
        """Let go of files and threads."""
        self.login.close()
        self._revocations.close()

    def _window_of(self, service_token: str) -> float:
        roles = self.validate(service_token).roles
        return EXPIRED_WINDOW if SERVICE_ROLE in roles else 0

    def _forget_if_changed(self) -> None:
        generation = self._revocations.generation()
        self.directory_file.refresh()
        directory = self.directory_file.current
        if directory is not self._directory or generation != self._generation:
            self._directory, self._generation = directory, generation
            self._known.clear()
            self._known_bytes = 0

    def _remember(self, text: str, known: _Known) -> None:
        if text not in self._known:
            self._known_bytes += len(text) + _CALLER_BYTES
        self._known[text] = known
        while len(self._known) > MOST_KNOWN_TOKENS or self._known_bytes > MOST_KNOWN_BYTES:
            oldest, _ = self._known.popitem(last=False)
            self._known_bytes -= len(oldest) + _CALLER_BYTES
