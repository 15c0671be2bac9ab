"""Login: checks passwords, tokens and application credentials, and makes new tokens."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from glimpse.identity.embedded.auth_request import AuthRequest
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential, User
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.login_history import Attempt
from glimpse.identity.embedded.login_queue import LoginQueue, TooManyLogins
from glimpse.identity.embedded.login_scope import (
    UnknownScope,
    comparable_credential,
    comparable_name,
    find_credential,
    find_scope,
    find_user,
)
from glimpse.identity.embedded.login_throttle import client_network, digest
from glimpse.identity.embedded.password_hashes import (
    RECOMMENDED,
    check_password,
    hash_password,
    is_outdated,
)
from glimpse.identity.embedded.session import Session, resolve_session
from glimpse.identity.embedded.tokens import Token, new_audit_id
from glimpse.identity.service import IdentityUnavailable, Unauthorized

_MAX_TIME = datetime(9999, 12, 31, tzinfo=UTC).timestamp()  # ISO 8601 has no later times


class _Identity(Protocol):
    """The part of EmbeddedIdentity that Login uses. EmbeddedIdentity documents the methods."""

    identity_file: IdentityFile
    clock: Callable[[], float]

    def validate(self, text: str, expired_window: float = 0) -> Session: ...

    def signing_key_id(self) -> str: ...

    def password_fingerprint(self, user: User, key_id: str) -> str: ...


class _Authenticated(NamedTuple):
    """The result of one authentication method.

    The new token must not expire later than ``expires_at``, a POSIX time; None stands for no limit.
    ``parent`` is the token that the client sent, if the method is token. ``credential`` is the
    credential that the client named, if the method is application_credential.
    """

    user: User
    expires_at: float | None = None
    parent: Token | None = None
    credential: ApplicationCredential | None = None


class Login:
    """Checks logins and makes sessions with new tokens. The owner calls `close`.

    The message of an error is the same for a wrong password and for an unknown user, so that the
    message does not reveal which users exist.
    """

    def __init__(
        self, identity: _Identity, expiration: float, queue: LoginQueue | None = None
    ) -> None:
        """Make a Login for `identity`, which has the users and signs the tokens.

        `expiration` is the longest life of a token in seconds. If `queue` is None, a new LoginQueue
        is used. `close` closes `queue`.
        """
        self._identity = identity
        self._expiration = expiration
        self._queue = queue or LoginQueue()

    async def log_in(self, request: AuthRequest, address: str = "-") -> Session:
        """Check the methods of `request` in their order; return a session with a new token.

        First reads a changed identity file again. The first method that fails ends the login.
        `address` is the client's address. After wrong passwords or secrets, LoginQueue delays
        further checks for the same name from the network of `address`. Replaces the outdated hash
        of a correct secret if possible. If the calling task is cancelled, a password that is still
        in the queue is not checked, unless another login waits for the same check.

        Raises NotFound if the token of the method token is not valid. Raises Unauthorized if that
        token was obtained with an application credential, if another method fails, or if a method
        is unknown. Raises Unauthorized, too, if `request` has no method or too long a value, if the
        methods are of different users, if the user's domain is disabled, or if the user may not
        have the scope. Raises TooManyLogins if too many passwords wait. Raises IdentityUnavailable
        if the revocations cannot be read, or if `close` comes before the check of a password.
        """
        self._identity.identity_file.refresh()
        if not request.has_valid_lengths:
            raise _refusal()
        results = [await self._authenticate(method, request, address) for method in request.methods]
        if not results or len({result.user.id for result in results}) != 1:
            raise _refusal()
        return self._make_session(request, results)

    async def hash_secret(self, secret: str, user_id: str, address: str) -> str:
        """Return the hash of a new secret of a user, made in a thread of the login queue.

        `address` is the client's address. Hashes for one user and network are made one at a time.
        Two calls with the same secret return different hashes. Raises TooManyLogins if too many
        passwords wait to be checked, and IdentityUnavailable after `close`.
        """
        hashes: list[str] = []

        def work() -> bool:
            hashes.append(hash_password(secret))
            return True

        network = client_network(address)
        unique = secrets.token_bytes(8)  # two equal secrets get two hashes
        attempt = Attempt(digest("hash", user_id, network), digest(network), unique)
        await self._queue.check(attempt, work, RECOMMENDED.units)
        return hashes[0]

    def close(self) -> None:
        """Start no further checks of passwords; let running checks finish.

        Logins that wait for a check raise IdentityUnavailable, and so do later checks.
        """
        self._queue.close()

    async def _authenticate(
        self, method: str, request: AuthRequest, address: str
    ) -> _Authenticated:
        """Check one method; return the user and the other results of the method.

        Raises the errors of `_by_password`, `_by_token` or `_by_credential`. Raises Unauthorized if
        `method` is unknown.
        """
        if method == "password":
            return await self._by_password(request, address)
        if method == "token":
            return self._by_token(request)
        if method == "application_credential":
            return await self._by_credential(request, address)
        raise _refusal()

    async def _by_password(self, request: AuthRequest, address: str) -> _Authenticated:
        """Check the password of `request`; return the user.

        The check takes as long for an unknown user as for a known user. Raises Unauthorized if the
        password is wrong or changed during the check, or if the user is unknown or disabled. Raises
        TooManyLogins if the login queue is full, and IdentityUnavailable if the queue is closed.
        """
        directory = self._directory
        user = find_user(request.user, directory)
        password, hashed = (user.password, user.password_hash) if user else (None, None)
        # Queued by the name as it was sent, so that an unknown name waits like a known one.
        name = ("password", *comparable_name(request.user, directory))
        slowest = directory.slowest_password_hash

        def check() -> bool:
            return check_password(request.password, password, hashed, slowest)

        compared = (request.password, password, hashed)
        await self._check(name, address, compared, check, slowest.units)
        user = find_user(request.user, self._directory)  # may have a new password meanwhile
        if user is None or not user.enabled or (user.password, user.password_hash) != compared[1:]:
            raise _refusal()
        return _Authenticated(user)

    async def _by_credential(self, request: AuthRequest, address: str) -> _Authenticated:
        """Check the secret of an application credential; return the owner.

        The check takes as long for an unknown credential as for a known one. Afterwards, replaces a
        hash that is weaker than RECOMMENDED (see `_replace_hash`). Raises Unauthorized if the
        secret is wrong, the credential is unknown or expired, or the owner is disabled. Raises
        TooManyLogins if the login queue is full, and IdentityUnavailable if the queue is closed.
        """
        directory = self._directory
        credential = find_credential(request, directory)
        hashed = credential.secret_hash if credential else None
        name = ("credential", *comparable_credential(request, directory))
        slowest = directory.slowest_secret_hash

        def check() -> bool:
            return check_password(request.secret, None, hashed, slowest)

        await self._check(name, address, (request.secret, None, hashed), check, slowest.units)
        user = self._directory.users.get(credential.user_id) if credential else None
        if credential is None or user is None or not user.enabled:
            raise _refusal()
        if credential.expires_at is not None and self._identity.clock() >= credential.expires_at:
            raise _refusal()
        if is_outdated(credential.secret_hash):
            await self._replace_hash(credential, request.secret, address)
        return _Authenticated(user, credential.expires_at, None, credential)

    async def _replace_hash(
        self, credential: ApplicationCredential, secret: str, address: str
    ) -> None:
        """Replace the stored hash of `secret` by a hash with RECOMMENDED parameters.

        Keeps a hash that has been changed meanwhile. If the login queue is full or closed, or if
        the identity file cannot be changed, returns without an error: the next login tries again.
        Hashes of users' passwords are never replaced: that would invalidate the users' tokens.
        """
        try:
            new_hash = await self.hash_secret(secret, credential.user_id, address)

            def replace(document: dict[str, Any], _: Directory) -> None:
                for entry in document["application_credentials"]:
                    # Not if the operator or another login has replaced it meanwhile.
                    if isinstance(entry, dict) and (entry.get("id"), entry.get("secret_hash")) == (
                        credential.id,
                        credential.secret_hash,
                    ):
                        entry["secret_hash"] = new_hash

            await asyncio.to_thread(self._identity.identity_file.change, replace)
        except (TooManyLogins, IdentityUnavailable):
            return

    def _by_token(self, request: AuthRequest) -> _Authenticated:
        """Check the token of the method token; return the user of the token.

        Raises NotFound if the token is not valid, Unauthorized if the token was obtained with an
        application credential, and IdentityUnavailable if the revocations cannot be read.
        """
        try:
            parent = self._identity.validate(request.token)
        except Unauthorized as error:  # as in Keystone, so that this differs from a wrong password
            raise NotFound("Could not find token.") from error
        if parent.credential is not None:  # as in Keystone: the new token would lose its limits
            raise _refusal()
        return _Authenticated(parent.user, parent.token.expires_at, parent.token)

    async def _check(
        self,
        name: tuple[str | None, ...],
        address: str,
        compared: tuple[str | None, ...],
        check: Callable[[], bool],
        units: int,
    ) -> None:
        """Run `check` in the login queue; raise Unauthorized if `check` returns False.

        `check` takes `units` times 0.05 s of CPU time. `compared` has the secret that was sent, and
        the stored secret or hash. If a check with equal `name`, network of `address` and `compared`
        waits or runs already, its result is used. After some failures, later checks of `name` from
        that network are delayed. Raises TooManyLogins if the queue refuses the check, and
        IdentityUnavailable if the queue is closed.
        """
        network = client_network(address)
        attempt = Attempt(digest(*name, network), digest(network), digest(*compared))
        if not await self._queue.check(attempt, check, units):
            raise _refusal()

    def _make_session(self, request: AuthRequest, results: list[_Authenticated]) -> Session:
        """Make a session with a new token of the user, who is the same in all `results`.

        The token expires after ``expiration`` seconds, with a token or application credential in
        `results`, or on the last day of the year 9999, whichever is first. Raises Unauthorized if
        `find_scope` finds no scope, or if `resolve_session` refuses the new token.
        """
        now, user = self._identity.clock(), results[0].user
        limits = [result.expires_at for result in results if result.expires_at is not None]
        parent = next((result.parent for result in results if result.parent), None)
        credential = next((result.credential for result in results if result.credential), None)
        try:
            scope = find_scope(request, user, credential, self._directory)
        except UnknownScope:
            raise _refusal() from None
        methods = (*request.methods, *(parent.methods if parent else ()))
        key_id = self._identity.signing_key_id()
        token = Token(
            user_id=user.id,
            project_id=scope.project_id,
            domain_id=scope.domain_id,
            is_system=scope.is_system,
            methods=tuple(dict.fromkeys(methods)),
            issued_at=now,
            expires_at=min([now + self._expiration, _MAX_TIME, *limits]),
            audit_ids=(new_audit_id(), *(parent.audit_ids[-1:] if parent else ())),
            password_fingerprint=self._identity.password_fingerprint(user, key_id),
            application_credential_id=credential.id if credential else None,
            key_id=key_id,
        )
        return resolve_session(token, self._directory)

    @property
    def _directory(self) -> Directory:
        return self._identity.identity_file.current


def _refusal() -> Unauthorized:
    """Make the error of a failed login. The message does not say why the login failed."""
    return Unauthorized("The request you have made requires authentication.")
