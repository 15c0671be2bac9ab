"""Login: from what a client proves (password, token, application credential) to a new token."""

import secrets
import time
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.directory import ApplicationCredential, Directory, Project, User
from glimpse.identity.embedded.directory_file import DirectoryFile
from glimpse.identity.embedded.login_queue import Attempt, LoginQueue
from glimpse.identity.embedded.login_throttle import client_site, digest
from glimpse.identity.embedded.password_hashes import check_password, hash_password
from glimpse.identity.embedded.session import Session, open_session
from glimpse.identity.embedded.tokens import Token, new_audit_id
from glimpse.identity.service import Unauthorized

_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()  # what is later cannot be printed


class _Validator(Protocol):
    """What Login needs of the identity: the directory, and what it knows of tokens."""

    directory_file: DirectoryFile

    def validate(self, text: str, expired_window: float = 0) -> Session: ...

    def password_mark(self, user: User) -> str: ...


class _Proof(NamedTuple):
    """Who a method says it is, and the limits it puts on the new token."""

    user: User
    expires_at: float | None = None
    parent: Token | None = None
    credential: ApplicationCredential | None = None


class Login:
    """Checks what a client sent and makes sessions. Every refusal is the same Unauthorized."""

    def __init__(
        self, validator: _Validator, expiration: float, queue: LoginQueue | None = None
    ) -> None:
        """`expiration` is a new token's life in seconds."""
        self._validator = validator
        self._expiration = expiration
        self._queue = queue or LoginQueue()

    async def __call__(self, request: AuthRequest, address: str = "-") -> Session:
        """Return a session with a new token for a client at `address`.

        Raises Unauthorized, or TooManyLogins when too many passwords wait to be checked. A caller
        that is cancelled leaves nothing to be checked.
        """
        self._validator.directory_file.refresh()
        if not request.is_possible:
            raise _refusal()
        proofs = [await self._prove(method, request, address) for method in request.methods]
        if not proofs or len({proof.user.id for proof in proofs}) != 1:
            raise _refusal()
        return self._session(request, proofs)

    async def hash_secret(self, secret: str, user_id: str, address: str) -> str:
        """Hash a user's new secret in the threads that check passwords. Raises TooManyLogins."""
        hashed: list[str] = []

        def work() -> bool:
            hashed.append(hash_password(secret))
            return True

        site = client_site(address)
        unique = secrets.token_bytes(8)
        attempt = Attempt(digest("hash", user_id, site), digest(site), unique)
        await self._queue.check(attempt, work)
        return hashed[0]

    def close(self) -> None:
        """Stop the hashing threads."""
        self._queue.close()

    async def _prove(self, method: str, request: AuthRequest, address: str) -> _Proof:
        if method == "password":
            return await self._by_password(request, address)
        if method == "token":
            return self._by_token(request)
        if method == "application_credential":
            return await self._by_credential(request, address)
        raise _refusal()

    async def _by_password(self, request: AuthRequest, address: str) -> _Proof:
        user = _find_user(request.user, self._directory)
        password, hashed = (user.password, user.password_hash) if user else (None, None)
        # By the name as it was sent, known or not: both wait alike.
        name = ("password", *_reference_parts(request.user))
        await self._check(name, address, request.password, password, hashed)
        if user is None or not user.enabled:
            raise _refusal()
        return _Proof(user)

    async def _by_credential(self, request: AuthRequest, address: str) -> _Proof:
        credential = _find_credential(request, self._directory)
        hashed = credential.secret_hash if credential else None
        name = (
            "credential",
            *_reference_parts(request.credential),
            *_reference_parts(request.user),
        )
        await self._check(name, address, request.secret, None, hashed)
        user = self._directory.users.get(credential.user_id) if credential else None
        if credential is None or user is None or not user.enabled:
            raise _refusal()
        if credential.expires_at is not None and time.time() >= credential.expires_at:
            raise _refusal()
        return _Proof(user, credential.expires_at, None, credential)

    def _by_token(self, request: AuthRequest) -> _Proof:
        parent = self._validator.validate(request.token)
        if parent.credential is not None:  # as in Keystone, what it may do is not passed on
            raise _refusal()
        return _Proof(parent.user, parent.token.expires_at, parent.token)

    async def _check(
        self,
        name: tuple[str | None, ...],
        address: str,
        given: str,
        password: str | None,
        hashed: str | None,
    ) -> None:
        """Compare the password `given` by a client with the known one. Raises Unauthorized."""
        site = client_site(address)
        compared = digest(given, password, hashed)
        attempt = Attempt(digest(*name, site), digest(site), compared)
        if not await self._queue.check(attempt, lambda: check_password(given, password, hashed)):
            raise _refusal()

    def _session(self, request: AuthRequest, proofs: list[_Proof]) -> Session:
        now = time.time()
        limits = [proof.expires_at for proof in proofs if proof.expires_at is not None]
        parent = next((proof.parent for proof in proofs if proof.parent), None)
        credential = next((proof.credential for proof in proofs if proof.credential), None)
        methods = (*request.methods, *(parent.methods if parent else ()))
        token = Token(
            user_id=proofs[0].user.id,
            project_id=self._project_id(request, credential),
            methods=tuple(dict.fromkeys(methods)),
            issued_at=now,
            expires_at=min([now + self._expiration, _LATEST, *limits]),
            audit_ids=(new_audit_id(), *(parent.audit_ids[-1:] if parent else ())),
            password_mark=self._validator.password_mark(proofs[0].user),
            application_credential_id=credential.id if credential else None,
        )
        return open_session(token, self._directory)

    def _project_id(
        self, request: AuthRequest, credential: ApplicationCredential | None
    ) -> str | None:
        if request.other_scope:  # domain and system: nobody has a role there
            raise _refusal()
        wanted = _find_project(request.project, self._directory) if request.project else None
        if request.project and wanted is None:
            raise _refusal()
        if credential is None:
            return wanted.id if wanted else None
        # An application credential is for one project, whatever else is asked for.
        if request.unscoped or (wanted and wanted.id != credential.project_id):
            raise _refusal()
        return credential.project_id

    @property
    def _directory(self) -> Directory:
        return self._validator.directory_file.current


def _find_user(reference: Reference | None, directory: Directory) -> User | None:
    if reference is None or not reference.in_known_domain:
        return None
    return directory.user(user_id=reference.id, name=reference.name)


def _find_project(reference: Reference, directory: Directory) -> Project | None:
    if not reference.in_known_domain:
        return None
    return directory.project(project_id=reference.id, name=reference.name)


def _find_credential(request: AuthRequest, directory: Directory) -> ApplicationCredential | None:
    wanted = request.credential
    if wanted is None:
        return None
    if wanted.id:
        return directory.credentials.get(wanted.id)
    user = _find_user(request.user, directory)
    mine = directory.credentials_of(user.id) if user else []
    return next((each for each in mine if each.name == wanted.name), None)


def _reference_parts(reference: Reference | None) -> tuple[str | None, str | None]:
    """The id and the name in one case, as they are found by."""
    if reference is None:
        return None, None
    return reference.id, None if reference.name is None else reference.name.lower()


def _refusal() -> Unauthorized:
    return Unauthorized("The request you have made requires authentication.")
