"""Users: creates, updates and deletes users in the identity file, and changes passwords."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from glimpse.identity.embedded.auth_request import AuthRequest, parse_auth_request
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, User
from glimpse.identity.embedded.errors import BadRequest, Conflict, NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    merge_extra,
    merge_options,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_users
from glimpse.identity.embedded.password_hashes import NO_PASSWORD
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized

_KNOWN = frozenset(
    (
        *("id", "name", "domain_id", "default_project_id", "enabled", "options", "links", "extra"),
        *("password", "password_expires_at", "federated", "email", "description"),
    )
)


class _Login(Protocol):
    """The part of Login that Users uses, to check passwords and to hash new passwords."""

    async def log_in(self, request: AuthRequest, address: str = "-") -> Session: ...

    async def hash_secret(self, secret: str, user_id: str, address: str) -> str: ...


class Users:
    """Creates, updates and deletes users, and changes passwords, in the identity file.

    `values` are attributes from a request. Check `values` against `schemas.USER` before the call,
    and check that the caller may make the change. Only a hash of a ``password`` is stored. Spaces
    around a name are removed. Attributes that Keystone does not know are stored in ``extra``.

    `address` is the client's address. The login queue, in which passwords are checked and hashed,
    uses it to delay clients that guess passwords. If a call is cancelled, the change may still be
    made.
    """

    def __init__(
        self, identity_file: IdentityFile, login: _Login, clock: Callable[[], float]
    ) -> None:
        """`login` checks and hashes passwords. `clock` returns POSIX times."""
        self._file = identity_file
        self._login = login
        self._clock = clock

    async def create(
        self, values: Mapping[str, Any], address: str, domain_id: str = DOMAIN_ID
    ) -> User:
        """Create a user with the attributes in `values`; return the user.

        The caller has checked `values` against `schemas.USER`. `domain_id` is the domain of the
        user if `values` have no ``domain_id``. A user without a password cannot log in by password.
        The default project need not exist. `address` is the client's address. On return, the change
        is on disk.

        Raises NotFound for an unknown domain, and BadRequest if the default project is a domain.
        Raises Conflict if the domain has a user of that name, ignoring case. Raises Forbidden if
        there are too many users, or if the identity file would be too large. With a password,
        raises TooManyLogins if the login queue is full, and IdentityUnavailable if the queue is
        closed. Raises IdentityFileUnavailable if the identity file is invalid or cannot be written,
        and ChangeNotSynced if a crash may undo the change.
        """
        user_id = uuid.uuid4().hex
        user = _with_values(
            User(user_id, values["name"], domain_id=values.get("domain_id", domain_id)), values
        )
        _check(user, values, self._file.current)  # before the password is hashed, which takes long
        user = replace(user, password_hash=await self._hash(user_id, values, address))

        def add(document: Document, directory: Directory) -> None:
            _check(user, values, directory)
            add_entry(document, directory, "users", user)

        await asyncio.to_thread(self._file.change, add)
        return user

    async def update(self, user_id: str, values: Mapping[str, Any], address: str) -> User:
        """Replace the attributes of a user that are in `values`; return the changed user.

        On return, the change is on disk. A password of None removes the password. A change of the
        password, and also disabling the user, invalidates all present tokens of the user for good.

        Raises NotFound if the user does not exist. Raises BadRequest if `values` have an id or a
        domain that is null or differs from the user's, or if the default project is a domain.
        Raises Conflict if the domain has another user of the new name, ignoring case. Raises
        Forbidden if the identity file would be too large. With a new password, raises TooManyLogins
        if the login queue is full, and IdentityUnavailable if the queue is closed. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        self._find_changed(user_id, values, self._file.current)
        hashed: str | None = None
        if "password" in values:
            hashed = await self._hash(user_id, values, address)
        results: list[User] = []

        def write(document: Document, directory: Directory) -> None:
            old, changed = self._find_changed(user_id, values, directory)
            if hashed is not None:
                changed = replace(changed, password=None, password_hash=hashed)
            if old.enabled and not changed.enabled:
                changed = replace(changed, disabled_at=self._clock())
            results.append(replace_entry(document, directory, "users", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def change_password(
        self, user_id: str, original: str, new_password: str, address: str
    ) -> None:
        """Change a user's password from `original` to `new_password`; end all tokens of the user.

        `address` is the client's address. A wrong `original` counts as a failed login, and may
        delay later ones. On return, the change is on disk.

        Raises Unauthorized if `original` is wrong, if the user does not exist, if the user or the
        user's domain is disabled, or if the password changes during the call.
        Raises BadRequest if `original` is right, and the user has the option ``lock_password``.
        Raises Forbidden if the identity file would be too large. Raises TooManyLogins if the login
        queue is full, and IdentityUnavailable if the queue is closed. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        user = (await self._login.log_in(_password_login(user_id, original), address)).user
        if user.options.get("lock_password"):
            raise BadRequest("An administrator has locked the password of this user.")
        hashed = await self._login.hash_secret(new_password, user_id, address)

        def write(document: Document, directory: Directory) -> None:
            old = directory.users.get(user_id)
            if old is None or (old.password, old.password_hash) != (
                user.password,
                user.password_hash,
            ):
                raise Unauthorized("The password has been changed meanwhile.")
            changed = replace(old, password=None, password_hash=hashed)
            replace_entry(document, directory, "users", old, changed)

        await asyncio.to_thread(self._file.change, write)

    async def delete(self, user_id: str) -> None:
        """Delete a user and everything that belongs to the user, except images.

        The role assignments, application credentials and access rules of the user are deleted, too.
        The user's tokens become invalid. On return, the change is on disk.

        Raises NotFound if the user does not exist. Raises IdentityFileUnavailable if the identity
        file is invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            _find(user_id, directory)
            remove_users(document, directory, (user_id,))

        await asyncio.to_thread(self._file.change, remove)

    async def _hash(self, user_id: str, values: Mapping[str, Any], address: str) -> str:
        """Return the hash of the password in `values`.

        Returns NO_PASSWORD if the password is missing or null. Otherwise raises TooManyLogins if
        the login queue is full, and IdentityUnavailable if the queue is closed.
        """
        password = values.get("password")
        if password is None:
            return NO_PASSWORD
        return await self._login.hash_secret(password, user_id, address)

    @staticmethod
    def _find_changed(
        user_id: str, values: Mapping[str, Any], directory: Directory
    ) -> tuple[User, User]:
        """Return a user before and after the change by `values`; ignore a new password.

        Raises NotFound if the user does not exist. Raises BadRequest if `values` have another id or
        domain (null, too), or if the default project is a domain. Raises Conflict if the domain has
        another user of the new name, ignoring case.
        """
        old = _find(user_id, directory)
        if values.get("id", old.id) != old.id:  # null, too: only users are as strict in Keystone
            raise BadRequest("Cannot change ID")
        if values.get("domain_id", old.domain_id) != old.domain_id:
            raise BadRequest("Cannot change Domain ID")
        changed = _with_values(old, values)
        _check(changed, values, directory)
        return old, changed


def _password_login(user_id: str, password: str) -> AuthRequest:
    """Return the request of a login that checks a user's password, and has no scope."""
    user = {"id": user_id, "password": password}
    identity = {"methods": ["password"], "password": {"user": user}}
    return parse_auth_request({"auth": {"identity": identity, "scope": "unscoped"}})


def _with_values(user: User, values: Mapping[str, Any]) -> User:
    """Return a copy of `user` with the attributes in `values`; ignore a new password.

    Spaces around the name are removed. Options are merged; an option of null is removed. The id and
    the domain of `user` are kept. An ``email`` or ``description`` that is null or not a string is
    kept in ``extra``, so that responses show the value as it was set (as in Keystone).
    """
    extra = merge_extra(user.extra, values, _KNOWN)
    texts = {"email": user.email, "description": user.description}
    for name in texts.keys() & values.keys():
        extra.pop(name, None)
        texts[name] = values[name] if isinstance(values[name], str) else None
        if texts[name] is None:
            extra[name] = values[name]
    return replace(
        user,
        name=values.get("name", user.name).strip(),
        enabled=values.get("enabled", user.enabled),
        default_project_id=values.get("default_project_id", user.default_project_id),
        options=merge_options(user.options, values.get("options", {})),
        email=texts["email"],
        description=texts["description"],
        extra=extra,
    )


def _find(user_id: str, directory: Directory) -> User:
    user = directory.users.get(user_id)
    if user is None:
        raise NotFound(f"Could not find user: {user_id}.")
    return user


def _check(user: User, values: Mapping[str, Any], directory: Directory) -> None:
    """Check the domain, default project and name of a new or changed user.

    Raises NotFound if the domain of `user` is unknown. Raises BadRequest if the default project in
    `values` is a domain. Raises Conflict if another user of the domain has the name, ignoring case.
    """
    if user.domain_id not in directory.domains:
        raise NotFound(f"Could not find domain: {user.domain_id}.")
    project_id = values.get("default_project_id")
    if project_id in directory.domains:
        raise BadRequest(f"User's default project ID cannot be a domain ID: {project_id}")
    check_user_name(user, directory)


def check_user_name(user: User, directory: Directory) -> None:
    """Raise Conflict if another user of the domain has the name of `user`, ignoring case."""
    other = directory.user(name=user.name, domain_id=user.domain_id)
    if other is not None and other.id != user.id:
        raise Conflict(f"The domain {user.domain_id} has a user {user.name} already.")
