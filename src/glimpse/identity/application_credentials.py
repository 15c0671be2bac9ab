"""ApplicationCredentials: users make them for their programs, look at them and delete them."""

import asyncio
import secrets
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from glimpse.identity.authrequest import BadRequest
from glimpse.identity.directory import ApplicationCredential, credential_entry, role_id
from glimpse.identity.directory_file import DirectoryFile
from glimpse.identity.passwords import hash_password
from glimpse.identity.session import Session

_LONGEST_NAME = 255


class Forbidden(Exception):
    """The caller may not do that; the message may be shown."""


class NotFound(Exception):
    """There is no such thing for the caller; the message may be shown."""


class Conflict(Exception):
    """There is such a thing already; the message may be shown."""


class ApplicationCredentials:
    """The application credentials of a directory, as its users may see and change them."""

    def __init__(self, directory_file: DirectoryFile) -> None:
        self._file = directory_file

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
        self, session: Session, user_id: str, document: object
    ) -> tuple[ApplicationCredential, str]:
        """Make one of a request body; return it and its secret, which is kept as a hash only.

        Raises Forbidden, BadRequest, or Conflict for a name that the user has given already.
        """
        _check_can_manage(session)
        if session.user.id != user_id:
            raise Forbidden("Cannot create an application credential for another user.")
        wanted, secret = _parse(document, session)
        hashed = await asyncio.to_thread(hash_password, secret)
        made = replace(wanted, secret_hash=hashed)

        def add(directory: dict[str, Any]) -> None:
            entries = directory["application_credentials"]
            mine = (
                each["name"] for each in entries if each["user"] in (user_id, session.user.name)
            )
            if made.name in mine:
                raise Conflict(f"There is an application credential {made.name} already.")
            entries.append(credential_entry(made))

        await asyncio.to_thread(self._file.change, add)
        return made, secret

    async def delete(self, session: Session, user_id: str, credential_id: str) -> None:
        """Delete one; tokens made with it end. Raises Forbidden or NotFound."""
        _check_can_manage(session)
        self.get(session, user_id, credential_id)

        def remove(directory: dict[str, Any]) -> None:
            kept = [e for e in directory["application_credentials"] if e["id"] != credential_id]
            directory["application_credentials"] = kept

        await asyncio.to_thread(self._file.change, remove)


def _check_owner(session: Session, user_id: str) -> None:
    if session.user.id != user_id and "admin" not in session.roles:
        raise Forbidden("You are not authorized to perform the requested action.")


def _check_can_manage(session: Session) -> None:
    if session.credential is not None and not session.credential.unrestricted:
        raise Forbidden("A restricted application credential cannot manage others.")


def _parse(document: object, session: Session) -> tuple[ApplicationCredential, str]:
    """Read ``{"application_credential": {...}}``; the hash is still empty."""
    wanted = document.get("application_credential") if isinstance(document, dict) else None
    if not isinstance(wanted, dict):
        raise BadRequest("application_credential has to be an object.")
    if session.project is None:
        raise BadRequest("An application credential is made with a project-scoped token.")
    if wanted.get("access_rules"):
        raise BadRequest("access_rules are not supported.")
    name, secret, text = (wanted.get(key) for key in ("name", "secret", "description"))
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise BadRequest(f"name has to be a string of 1 to {_LONGEST_NAME} characters.")
    if not all(isinstance(each, str | None) for each in (secret, text)):
        raise BadRequest("secret and description have to be strings.")
    unrestricted = wanted.get("unrestricted")
    if not isinstance(unrestricted, bool | None):
        raise BadRequest("unrestricted has to be true or false.")
    credential = ApplicationCredential(
        id=uuid.uuid4().hex,
        name=name,
        user_id=session.user.id,
        project_id=session.project.id,
        roles=_roles(wanted.get("roles"), session),
        secret_hash="",
        description=text,
        expires_at=_expiry(wanted.get("expires_at")),
        unrestricted=unrestricted is True,
    )
    return credential, secret or secrets.token_urlsafe(64)


def _roles(wanted: object, session: Session) -> tuple[str, ...]:
    if not wanted:
        return session.roles
    names = {role_id(name): name for name in session.roles} | {name: name for name in session.roles}
    try:
        found = [names[each.get("id") or each["name"]] for each in wanted]  # type: ignore[attr-defined]
    except (KeyError, TypeError, AttributeError):
        raise BadRequest("roles has to list roles that the token has, by id or name.") from None
    return tuple(dict.fromkeys(found))


def _expiry(text: object) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise BadRequest("expires_at has to be an ISO 8601 date and time.") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if seconds < time.time():
        raise BadRequest("expires_at must not be before now.")
    return seconds
