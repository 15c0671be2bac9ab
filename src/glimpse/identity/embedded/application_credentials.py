"""ApplicationCredentials: creates, lists and deletes application credentials of users."""

import asyncio
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import orjson

from glimpse.identity import field_lengths
from glimpse.identity.embedded.auth_request import BadRequest
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential
from glimpse.identity.embedded.identity_entries import credential_entry
from glimpse.identity.embedded.identity_entry_validation import is_printable_time
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.session import Session
from glimpse.images import parse_datetime

# These are limited, since each change writes the whole identity file, which each worker reads.
MAX_PER_USER = 100
MAX_BYTES_PER_USER = 256 * 1024  # as JSON


class Forbidden(Exception):
    """The caller may not perform this operation: 403. The message is for the client."""


class NotFound(Exception):
    """An object that the request names does not exist: 404. The message is for the client."""


class Conflict(Exception):
    """The name of a new object is in use: 409. The message is for the client."""


class _Hasher(Protocol):
    """The part of Login that ApplicationCredentials uses: it hashes new secrets."""

    async def hash_secret(self, secret: str, user_id: str, address: str) -> str: ...


class ApplicationCredentials:
    """Creates, shows, lists and deletes the application credentials in the identity file.

    Each method takes the caller's session and checks the permission: everybody may do this with
    their own credentials; an admin may show, list and delete those of others, too. `hasher` hashes
    new secrets. `clock` returns POSIX times.
    """

    def __init__(
        self, identity_file: IdentityFile, hasher: _Hasher, clock: Callable[[], float]
    ) -> None:
        self._file = identity_file
        self._hasher = hasher
        self._clock = clock

    def list(self, session: Session, user_id: str) -> list[ApplicationCredential]:
        """Return the credentials of a user, sorted by name; an empty list for an unknown user.

        Expired ones are listed, too. Raises Forbidden unless the caller is that user or an admin.
        """
        _check_owner(session, user_id)
        return self._file.current.credentials_of(user_id)

    def get(self, session: Session, user_id: str, credential_id: str) -> ApplicationCredential:
        """Return a credential of a user.

        Raises Forbidden unless the caller is that user or an admin, and NotFound if the user has no
        credential with that id.
        """
        _check_owner(session, user_id)
        credential = self._file.current.credentials.get(credential_id)
        if credential is None or credential.user_id != user_id:
            raise NotFound(f"Could not find Application Credential: {credential_id}.")
        return credential

    async def create(
        self, session: Session, user_id: str, document: object, address: str
    ) -> tuple[ApplicationCredential, str]:
        """Create the credential that the parsed request body `document` describes.

        Returns the credential and its secret: that of the body, or a random one. Only a hash of it
        is stored. The credential is on disk on return. `address` is the client's address.

        Raises Forbidden if the caller is not the user `user_id`, if the caller's token was obtained
        with a restricted credential, or if the user has MAX_PER_USER credentials or would have more
        than MAX_BYTES_PER_USER of them. Raises BadRequest for an invalid body, for access rules,
        for roles that the token does not have, or for a token without a project. Raises Conflict if
        the user has a credential of that name. Raises TooManyLogins if too many secrets and
        passwords wait in the login queue, and IdentityUnavailable if the queue is closed, or if the
        identity file is invalid or cannot be written.
        """
        _check_can_manage(session)
        if session.user.id != user_id:
            raise Forbidden("Cannot create an application credential for another user.")
        credential, secret = _parse(document, session, self._clock())
        existing = self._file.current.credentials_of(user_id)
        roles = self._file.current.roles
        new = credential_entry(credential, roles)
        _check_limits(new, [credential_entry(each, roles) for each in existing])
        hashed = await self._hasher.hash_secret(secret, user_id, address)
        created = replace(credential, secret_hash=hashed)
        new = credential_entry(created, roles)

        def add(document: dict[str, Any], _: Directory) -> None:
            entries = document["application_credentials"]
            owners = (user_id, session.user.name)
            _check_limits(new, [each for each in entries if _has(each, "user", owners)])
            entries.append(new)

        await asyncio.to_thread(self._file.change, add)
        return created, secret

    async def delete(self, session: Session, user_id: str, credential_id: str) -> None:
        """Delete a credential of a user. Tokens that were obtained with it become invalid.

        The deletion is on disk on return.

        Raises Forbidden unless the caller is that user or an admin, or if the caller's token was
        obtained with a restricted credential. Raises NotFound if the user has no credential with
        that id, and IdentityUnavailable if the identity file is invalid or cannot be written.
        """
        _check_can_manage(session)
        self.get(session, user_id, credential_id)

        def remove(document: dict[str, Any], _: Directory) -> None:
            entries = document["application_credentials"]
            kept = [each for each in entries if not _has(each, "id", (credential_id,))]
            document["application_credentials"] = kept

        await asyncio.to_thread(self._file.change, remove)


def _has(entry: object, key: str, values: Sequence[str]) -> bool:
    """Return True if `entry` is an object that has one of `values` under `key`."""
    return isinstance(entry, dict) and entry.get(key) in values


def _check_owner(session: Session, user_id: str) -> None:
    """Raise Forbidden unless the caller is the user with that id or an admin."""
    if session.user.id != user_id and "admin" not in session.role_names:
        raise Forbidden("You are not authorized to perform the requested action.")


def _check_can_manage(session: Session) -> None:
    """Raise Forbidden if the caller's token was obtained with a restricted credential."""
    if session.credential is not None and not session.credential.unrestricted:
        raise Forbidden("A restricted application credential cannot manage others.")


def _check_limits(new: Mapping[str, Any], existing: Sequence[Mapping[str, Any]]) -> None:
    """Check that a user who has the entries `existing` may have the entry `new`, too.

    Raises Conflict if one of `existing` has the same name. Raises Forbidden if the user would have
    more than MAX_PER_USER entries, or if all of them together would take more than
    MAX_BYTES_PER_USER.
    """
    if any(each.get("name") == new["name"] for each in existing):
        raise Conflict(f"There is an application credential {new['name']} already.")
    size = len(orjson.dumps([*existing, new]))
    if len(existing) >= MAX_PER_USER or size > MAX_BYTES_PER_USER:
        raise Forbidden(
            "Unable to create additional application credentials, maximum of "
            f"{MAX_PER_USER}, or of {MAX_BYTES_PER_USER} bytes, already exceeded for user."
        )


def _parse(document: object, session: Session, now: float) -> tuple[ApplicationCredential, str]:
    """Parse ``{"application_credential": {...}}``; return the credential and its secret.

    The credential is of the caller, in the project of the caller's token, and its ``secret_hash``
    is still empty. A secret is made if the body has none. `now` is a POSIX time. Raises BadRequest
    for an invalid body, or if the token has no project.
    """
    values = document.get("application_credential") if isinstance(document, dict) else None
    if not isinstance(values, dict):
        raise BadRequest("application_credential has to be an object.")
    if session.project is None:
        raise BadRequest("An application credential is made with a project-scoped token.")
    if values.get("access_rules"):
        raise BadRequest("access_rules are not supported.")
    unrestricted = values.get("unrestricted")
    if not isinstance(unrestricted, bool | None):
        raise BadRequest("unrestricted has to be true or false.")
    secret = _text(values, "secret", field_lengths.PASSWORD)
    credential = ApplicationCredential(
        id=uuid.uuid4().hex,
        name=_parse_name(values.get("name")),
        user_id=session.user.id,
        project_id=session.project.id,
        roles=_parse_roles(values.get("roles"), session),
        secret_hash="",
        description=_text(values, "description", field_lengths.DESCRIPTION),
        expires_at=_parse_expiry(values.get("expires_at"), now),
        unrestricted=unrestricted is True,
    )
    return credential, secret or secrets.token_urlsafe(64)


def _parse_name(name: object) -> str:
    """Return `name` if it is a valid name of a credential, otherwise raise BadRequest.

    A valid name is a string of 1 to 255 characters, not all of them spaces, none of them NUL.
    """
    if (
        not isinstance(name, str)
        or not name.strip()
        or len(name) > field_lengths.NAME
        or "\0" in name
    ):
        raise BadRequest(
            f"name has to be a string of 1 to {field_lengths.NAME} characters, "
            "not all of them spaces, none of them NUL."
        )
    return name


def _text(values: Mapping[str, Any], key: str, max_bytes: int) -> str | None:
    """Return the string under `key`; None if it is null or missing.

    Raises BadRequest for another type, for more than `max_bytes` in UTF-8, or a NUL character.
    """
    text = values.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or len(text.encode()) > max_bytes or "\0" in text:
        raise BadRequest(
            f"{key} has to be a string of at most {max_bytes} bytes, none of them NUL."
        )
    return text


def _parse_roles(entries: object, session: Session) -> tuple[str, ...]:
    """Return the ids of the roles in `entries`, without duplicates.

    `entries` is a list of objects with an ``id`` or a ``name``. If it is missing or empty, returns
    all roles of the session. Raises BadRequest if `entries` is no such list, has more than
    field_lengths.ROLES entries, or has a role that the session does not have.
    """
    if not entries:
        return tuple(role.id for role in session.roles)
    ids = {role.id: role.id for role in session.roles}
    ids |= {role.name: role.id for role in session.roles}
    if not isinstance(entries, list) or len(entries) > field_lengths.ROLES:
        raise BadRequest(f"roles has to be a list of at most {field_lengths.ROLES} roles.")
    try:
        roles = [ids[entry.get("id") or entry["name"]] for entry in entries]
    except (KeyError, TypeError, AttributeError):
        raise BadRequest("roles has to list roles that the token has, by id or name.") from None
    return tuple(dict.fromkeys(roles))


def _parse_expiry(text: object, now: float) -> float | None:
    """Return the POSIX time of `text`, an ISO 8601 date and time; None if `text` is None.

    A time without an offset is in UTC. Raises BadRequest for any other value, a time before `now`,
    or a time after the year 9999 in UTC.
    """
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > field_lengths.DATE:
        moment = None
    else:
        moment = parse_datetime(text)
    if moment is None or not is_printable_time(moment.timestamp()):
        raise BadRequest(
            "expires_at has to be an ISO 8601 date and time, not after the year 9999 in UTC."
        )
    if moment.timestamp() < now:
        raise BadRequest("expires_at must not be before now.")
    return moment.timestamp()
