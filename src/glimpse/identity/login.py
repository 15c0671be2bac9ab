"""Login: from what a client proves (password, token, application credential) to a new token."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from glimpse.identity.authrequest import AuthRequest, Reference
from glimpse.identity.base import Unauthorized
from glimpse.identity.directory import ApplicationCredential, Directory, Project, User
from glimpse.identity.directory_file import DirectoryFile
from glimpse.identity.passwords import check_password
from glimpse.identity.session import Session, open_session
from glimpse.identity.throttle import Throttle
from glimpse.identity.tokens import Token, new_audit_id

_HASHING_THREADS = 2  # each hash takes 16 MiB and a core for 50 ms


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
        self, validator: _Validator, expiration: float, throttle: Throttle | None = None
    ) -> None:
        """`expiration` is a new token's life in seconds."""
        self._validator = validator
        self._expiration = expiration
        self._throttle = throttle or Throttle()
        self._hashing = ThreadPoolExecutor(_HASHING_THREADS, "glimpse-password")

    async def __call__(self, request: AuthRequest) -> Session:
        """Return a session with a new token, or raise Unauthorized."""
        self._validator.directory_file.refresh()
        proofs = [await self._prove(method, request) for method in request.methods]
        if not proofs or len({proof.user.id for proof in proofs}) != 1:
            raise _refusal()
        return self._session(request, proofs)

    def close(self) -> None:
        """Stop the hashing threads."""
        self._hashing.shutdown(wait=False, cancel_futures=True)

    async def _prove(self, method: str, request: AuthRequest) -> _Proof:
        if method == "password":
            return await self._by_password(request)
        if method == "token":
            return self._by_token(request)
        if method == "application_credential":
            return await self._by_credential(request)
        raise _refusal()

    async def _by_password(self, request: AuthRequest) -> _Proof:
        user = _find_user(request.user, self._directory)
        password, hashed = (user.password, user.password_hash) if user else (None, None)
        # The name as asked for, known or not: both are delayed alike.
        await self._check(_throttle_name(request.user, user), request.password, password, hashed)
        if user is None or not user.enabled:
            raise _refusal()
        return _Proof(user)

    async def _by_credential(self, request: AuthRequest) -> _Proof:
        credential = _find_credential(request, self._directory)
        asked = request.credential
        name = credential.id if credential else f"{asked and (asked.id or asked.name)}"
        hashed = credential.secret_hash if credential else None
        await self._check(f"credential:{name}", request.secret, None, hashed)
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

    async def _check(self, name: str, given: str, password: str | None, hashed: str | None) -> None:
        await self._throttle.attempt(name)
        loop = asyncio.get_running_loop()
        async with self._throttle.turn(name):
            right = await loop.run_in_executor(
                self._hashing, check_password, given, password, hashed
            )
        if not right:
            raise _refusal()
        self._throttle.succeeded(name)

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
            expires_at=min([now + self._expiration, *limits]),
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


def _throttle_name(reference: Reference | None, user: User | None) -> str:
    if user is not None:
        return f"user:{user.id}"
    return f"user:{reference and (reference.id or (reference.name or '').lower())}"


def _refusal() -> Unauthorized:
    return Unauthorized("The request you have made requires authentication.")
