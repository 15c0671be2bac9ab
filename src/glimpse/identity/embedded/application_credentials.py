"""ApplicationCredentials: users make them for their programs, look at them and delete them."""

import asyncio
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from glimpse.identity import field_lengths
from glimpse.identity.embedded.auth_request import BadRequest
from glimpse.identity.embedded.directory import ApplicationCredential, credential_entry, role_id
from glimpse.identity.embedded.directory_file import DirectoryFile
from glimpse.identity.embedded.entry_validation import is_moment
from glimpse.identity.embedded.session import Session

# The identity file is written whole at each change, and read whole by each worker.
MOST_OF_A_USER = 100
MOST_BYTES_OF_A_USER = 256 * 1024  # as JSON


class Forbidden(Exception):
    """The caller may not do that; the message may be shown."""


class NotFound(Exception):
    """There is no such thing for the caller; the message may be shown."""


class Conflict(Exception):
    """There is such a thing already; the message may be shown."""


class _Hasher(Protocol):
    async def hash_secret(self, secret: str, user_id: str, address: str) -> str: ...


class ApplicationCredentials:
    """The application credentials of a directory, as its users may see and change them."""

    def __init__(self, directory_file: DirectoryFile, hasher: _Hasher) -> None:
        self._file = directory_file
        self._hasher = hasher

    def list(self, session: Session, user_id: str) -> list[ApplicationCredential]:
        """The credentials of `user_id`, by name. Raises Forbidden for somebody else's."""
        _check_owner(session, user_id)
        return self._file.current.credentials_of(user_id)

    def get(self, session: Session, user_id: str, credential_id: str) -> ApplicationCredential:
        """One credential. Raises Forbidden or NotFound."""
        _check_owner(session, user_id)
        found = self._file.current.credentials.get(credential_id)
        if found is None or found.user_id != user_id:
            raise NotFound(f"Could not find Application Credential: {credential_id}.")
        return found

    async def create(
        self, session: Session, user_id: str, document: object, address: str
    ) -> tuple[ApplicationCredential, str]:
        """Make one of a request body; return it and its secret, which is kept as a hash only.

        `address` is the client's. Raises Forbidden, also when the user has too many, BadRequest,
        Conflict for a name that the user has given already, or TooManyLogins.
        """
        _check_can_manage(session)
        if session.user.id != user_id:
            raise Forbidden("Cannot create an application credential for another user.")
        wanted, secret = _parse(document, session)
        mine = self._file.current.credentials_of(user_id)
        _check_room(wanted, [credential_entry(each) for each in mine])
        hashed = await self._hasher.hash_secret(secret, user_id, address)
        made = replace(wanted, secret_hash=hashed)

        def add(directory: dict[str, Any]) -> None:
            entries = directory["application_credentials"]
            owners = (user_id, session.user.name)
            _check_room(made, [each for each in entries if _has(each, "user", owners)])
            entries.append(credential_entry(made))

        await asyncio.to_thread(self._file.change, add)
        return made, secret

    async def delete(self, session: Session, user_id: str, credential_id: str) -> None:
        """Delete one; tokens made with it end. Raises Forbidden or NotFound."""
        _check_can_manage(session)
        self.get(session, user_id, credential_id)

        def remove(directory: dict[str, Any]) -> None:
            entries = directory["application_credentials"]
            kept = [each for each in entries if not _has(each, "id", (credential_id,))]
            directory["application_credentials"] = kept

        await asyncio.to_thread(self._file.change, remove)


def _has(entry: object, key: str, values: Sequence[str]) -> bool:
    """Whether an entry of the file, which may be broken, has one of these values."""
    return isinstance(entry, dict) and entry.get(key) in values


def _check_owner(session: Session, user_id: str) -> None:
    if session.user.id != user_id and "admin" not in session.roles:
        raise Forbidden("You are not authorized to perform the requested action.")


def _check_can_manage(session: Session) -> None:
    if session.credential is not None and not session.credential.unrestricted:
        raise Forbidden("A restricted application credential cannot manage others.")


def _check_room(new: ApplicationCredential, mine: Sequence[Mapping[str, Any]]) -> None:
    """Raise Conflict or Forbidden unless the user of the entries `mine` may have `new`, too."""
    if any(each.get("name") == new.name for each in mine):
        raise Conflict(f"There is an application credential {new.name} already.")
    size = len(orjson.dumps([*mine, credential_entry(new)]))
    if len(mine) >= MOST_OF_A_USER or size > MOST_BYTES_OF_A_USER:
        raise Forbidden(
            "Unable to create additional application credentials, maximum of "
            f"{MOST_OF_A_USER}, or of {MOST_BYTES_OF_A_USER} bytes, already exceeded for user."
        )


def _parse(document: object, session: Session) -> tuple[ApplicationCredential, str]:
    """Read ``{"application_credential": {...}}``; the hash is still empty."""
    wanted = document.get("application_credential") if isinstance(document, dict) else None
    if not isinstance(wanted, dict):
        raise BadRequest("application_credential has to be an object.")
    if session.project is None:
        raise BadRequest("An application credential is made with a project-scoped token.")
    if wanted.get("access_rules"):
        raise BadRequest("access_rules are not supported.")
    name = wanted.get("name")
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
    unrestricted = wanted.get("unrestricted")
    if not isinstance(unrestricted, bool | None):
        raise BadRequest("unrestricted has to be true or false.")
    secret = _text(wanted, "secret", field_lengths.PASSWORD)
    credential = ApplicationCredential(
        id=uuid.uuid4().hex,
        name=name,
        user_id=session.user.id,
        project_id=session.project.id,
        roles=_roles(wanted.get("roles"), session),
        secret_hash="",
        description=_text(wanted, "description", field_lengths.DESCRIPTION),
        expires_at=_expiry(wanted.get("expires_at")),
        unrestricted=unrestricted is True,
    )
    return credential, secret or secrets.token_urlsafe(64)


def _text(wanted: Mapping[str, Any], key: str, longest: int) -> str | None:
    """Return an optional text of at most `longest` bytes. Raises BadRequest."""
    text = wanted.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or len(text.encode()) > longest or "\0" in text:
        raise BadRequest(f"{key} has to be a string of at most {longest} bytes, none of them NUL.")
    return text


def _roles(wanted: object, session: Session) -> tuple[str, ...]:
    if not wanted:
        return session.roles
    names = {role_id(name): name for name in session.roles} | {name: name for name in session.roles}
    if not isinstance(wanted, list) or len(wanted) > field_lengths.ROLES:
        raise BadRequest(f"roles has to be a list of at most {field_lengths.ROLES} roles.")
    try:
        found = [names[each.get("id") or each["name"]] for each in wanted]
    except (KeyError, TypeError, AttributeError):
        raise BadRequest("roles has to list roles that the token has, by id or name.") from None
    return tuple(dict.fromkeys(found))


def _expiry(text: object) -> float | None:
    """Return the seconds since 1970 of a moment to come that can be printed. Raises BadRequest."""
    if text is None:
        return None
    try:
        if len(text) > field_lengths.DATE:  # type: ignore[arg-type]  # a TypeError then
            raise ValueError  # noqa: TRY301  the same answer
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise BadRequest("expires_at has to be an ISO 8601 date and time.") from None
    if not is_moment(seconds):
        raise BadRequest("expires_at must not be after the year 9999 in UTC.")
    if seconds < time.time():
        raise BadRequest("expires_at must not be before now.")
    return seconds
