"""ApplicationCredentials: creates, lists and deletes application credentials of users."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import orjson

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.application_credential_request import parse_credential
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential
from glimpse.identity.embedded.errors import Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import remove_entries, section_of
from glimpse.identity.embedded.identity_entry_edits import check_size
from glimpse.identity.embedded.identity_entry_rendering import access_rule_entry, credential_entry
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.session import Session, resolve_session
from glimpse.identity.service import Unauthorized


class _Hasher(Protocol):
    """The part of Login that ApplicationCredentials uses, to hash new secrets."""

    async def hash_secret(self, secret: str, user_id: str, address: str) -> str: ...


class ApplicationCredentials:
    """Creates, returns, lists and deletes the application credentials in the identity file.

    `create` and `delete` raise Forbidden if the caller's token was obtained with a restricted
    credential. Check all other permissions before the call, for example that a user id is the
    caller's own.

    `list` and `get` use the content of the file that was read last (``IdentityFile.current``). If
    the task of `create` or `delete` is cancelled, the change may still be made.

    `hasher` hashes new secrets. `clock` returns POSIX times.
    """

    def __init__(
        self, identity_file: IdentityFile, hasher: _Hasher, clock: Callable[[], float]
    ) -> None:
        self._file = identity_file
        self._hasher = hasher
        self._clock = clock

    def list(self, user_id: str) -> list[ApplicationCredential]:
        """Return the application credentials of a user, sorted by name.

        Expired credentials are in the list, too. For an unknown user, the list is empty.
        """
        return self._file.current.application_credentials_of(user_id)

    def get(self, user_id: str, credential_id: str) -> ApplicationCredential:
        """Return an application credential of a user.

        Raises NotFound if the user has no application credential with the id `credential_id`.
        """
        credential = self._file.current.application_credentials.get(credential_id)
        if credential is None or credential.user_id != user_id:
            raise NotFound(f"Could not find Application Credential: {credential_id}.")
        return credential

    async def create(
        self, session: Session, document: object, address: str
    ) -> tuple[ApplicationCredential, str]:
        """Create an application credential for the user and the project of `session`.

        `document` is the parsed body of the request (see `parse_credential`). `address` is the
        client's address. Returns the credential and its secret: the secret in the body, or else a
        random secret. Only a hash of the secret is stored. On return, the change is on disk.

        Raises BadRequest as `parse_credential` does. Raises Conflict if the user has a credential
        of that name. Raises Forbidden for a token of a restricted credential, or if a maximum of
        `limits` would be exceeded. Raises Unauthorized if the token loses a role of the credential
        during the call, or if `resolve_session` refuses the token. Raises TooManyLogins if the
        login queue is full, and IdentityUnavailable if the queue is closed. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        _check_can_manage(session)
        user_id = session.user.id
        known_rules = self._file.current.access_rules_of(user_id)
        credential, secret = parse_credential(document, session, known_rules, self._clock())
        _check_limits(credential, self._file.current)
        hashed = await self._hasher.hash_secret(secret, user_id, address)
        created = replace(credential, secret_hash=hashed)

        def add(document: dict[str, Any], directory: Directory) -> None:
            _check_session(session, created, directory)
            _check_limits(created, directory)
            _add_rules(document, created, directory)
            new = credential_entry(created, directory.roles)
            section_of(document, "application_credentials").append(new)
            check_size(document)

        await asyncio.to_thread(self._file.change, add)
        return created, secret

    async def delete(self, session: Session, user_id: str, credential_id: str) -> None:
        """Delete an application credential of the user `user_id`, but not its access rules.

        Does not check that this user is the user of `session`. Tokens that were obtained with the
        credential become invalid. On return, the change is on disk.

        Raises Forbidden if the token of `session` was obtained with a restricted credential. Raises
        NotFound if the user has no credential with that id. Raises IdentityFileUnavailable if the
        identity file is invalid or cannot be written, and ChangeNotSynced if a crash may undo the
        change.
        """
        _check_can_manage(session)
        self.get(user_id, credential_id)

        def remove(document: dict[str, Any], _: Directory) -> None:
            remove_entries(document, "application_credentials", (credential_id,))

        await asyncio.to_thread(self._file.change, remove)


def _check_can_manage(session: Session) -> None:
    """Raise Forbidden if the token of `session` was obtained with a restricted credential."""
    if session.credential is not None and not session.credential.unrestricted:
        raise Forbidden("A restricted application credential cannot manage others.")


def _check_session(
    session: Session, credential: ApplicationCredential, directory: Directory
) -> None:
    """Check that the token of `session` has all roles of `credential` in `directory`.

    `directory` may be newer than `session`. Raises Unauthorized if the token has lost a role of
    `credential`, or if `resolve_session` raises Unauthorized: for example, if the user is disabled
    by now. Does not check if the token has been revoked or has expired.
    """
    present = resolve_session(session.token, directory)
    if not {role.id for role in present.roles}.issuperset(credential.roles):
        raise Unauthorized("The token has lost a role meanwhile.")


def _add_rules(
    document: dict[str, Any], credential: ApplicationCredential, directory: Directory
) -> None:
    """Add the new access rules of `credential` to `document`, in place.

    `directory` is the Directory of `document`; a rule that `directory` has is not added again.
    Raises Forbidden, and adds nothing, if the user would have more than
    limits.MAX_ACCESS_RULES_OF_USER access rules.
    """
    missing = [each for each in credential.access_rules if each.id not in directory.access_rules]
    existing = directory.access_rules_of(credential.user_id)
    if len(existing) + len(missing) > limits.MAX_ACCESS_RULES_OF_USER:
        raise Forbidden(f"A user may have at most {limits.MAX_ACCESS_RULES_OF_USER} access rules.")
    section_of(document, "access_rules").extend(access_rule_entry(each) for each in missing)


def _check_limits(credential: ApplicationCredential, directory: Directory) -> None:
    """Check that `credential` can be added to the credentials of its user in `directory`.

    Raises Conflict if the user has a credential of that name. Raises Forbidden if the user would
    have more than limits.MAX_CREDENTIALS_OF_USER credentials. Raises Forbidden, too, if the entries
    of the credentials would have more than limits.MAX_CREDENTIAL_BYTES_OF_USER bytes as JSON.
    """
    existing = directory.application_credentials_of(credential.user_id)
    if any(each.name == credential.name for each in existing):
        raise Conflict(f"There is an application credential {credential.name} already.")
    entries = [credential_entry(each, directory.roles) for each in (*existing, credential)]
    if (
        len(entries) > limits.MAX_CREDENTIALS_OF_USER
        or len(orjson.dumps(entries)) > limits.MAX_CREDENTIAL_BYTES_OF_USER
    ):
        raise Forbidden(
            "Unable to create additional application credentials, maximum of "
            f"{limits.MAX_CREDENTIALS_OF_USER}, or of {limits.MAX_CREDENTIAL_BYTES_OF_USER} bytes, "
            "already exceeded for user."
        )
