"""Finds the user, the application credential and the scope that a login names."""

from typing import NamedTuple

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    DOMAIN_ID,
    ApplicationCredential,
    Domain,
    User,
)


class UnknownScope(Exception):
    """The requested scope does not exist, is a trust, or does not fit the login.

    A login with an application credential may only request the credential's project.
    """


class TokenScope(NamedTuple):
    """The scope of a new token: a project, a domain or the system.

    If no field is set, the token is unscoped.
    """

    project_id: str | None = None
    domain_id: str | None = None
    is_system: bool = False


def find_scope(
    request: AuthRequest,
    user: User,
    credential: ApplicationCredential | None,
    directory: Directory,
) -> TokenScope:
    """Return the scope of the new token of `user`.

    `credential` is the application credential of the login, or None. The scope is the first of
    these:

    - the scope that `request` names; an empty TokenScope if `request` asks for an unscoped token
    - the project of `credential`
    - the user's default project, if it and its domain are enabled and the user has a role in it
    - an empty TokenScope

    Does not check that the user has a role in a requested scope. Raises UnknownScope if `request`
    names an unknown project or domain, or a trust. If there is a `credential`, also raises
    UnknownScope if `request` names a scope other than its project, or asks for an unscoped token.
    """
    scope = _requested_scope(request, directory)
    if credential is not None:  # which is for one project only
        own = TokenScope(credential.project_id)
        if request.is_unscoped or scope not in (TokenScope(), own):
            raise UnknownScope
        return own
    if scope == TokenScope() and not request.is_unscoped:
        return TokenScope(_default_project_id(user, directory))
    return scope


def find_user(reference: Reference | None, directory: Directory) -> User | None:
    """Return the user that `reference` names; None if there is no such user or domain.

    A disabled user is returned, too. The case of a name does not matter. If `reference` is None,
    returns None.
    """
    if reference is None or not _is_domain_known(reference, directory):
        return None
    domain_id = _domain_id(reference, directory)
    return directory.user(user_id=reference.id, name=reference.name, domain_id=domain_id)


def find_credential(request: AuthRequest, directory: Directory) -> ApplicationCredential | None:
    """Return the application credential that `request` names; None if there is none.

    An application credential is named by id, or by name and user. An expired credential is
    returned, too. The case of the credential's name matters.
    """
    reference = request.credential
    if reference is None:
        return None
    if reference.id:
        return directory.application_credentials.get(reference.id)
    user = find_user(request.user, directory)
    credentials = directory.application_credentials_of(user.id) if user else []
    return next((each for each in credentials if each.name == reference.name), None)


def comparable_name(reference: Reference | None, directory: Directory) -> tuple[str | None, ...]:
    """Return the key under which logins of a user or credential are queued and counted.

    If `reference` has an id, the key is ``(id, None, None)``. Otherwise the key is ``(None,
    lower-case name, domain id)``, so all spellings of a name have the same key. A name without a
    domain gets the id of the domain Default. An unknown domain is represented by its id or
    lower-case name in `reference`. If `reference` is None, all three values are None.

    The user or credential need not exist.
    """
    if reference is None:
        return None, None, None
    if reference.id or reference.name is None:
        return reference.id or None, None, None
    return None, reference.name.lower(), _domain_id(reference, directory)


def comparable_credential(request: AuthRequest, directory: Directory) -> tuple[str | None, ...]:
    """Return the key by which logins with the credential in `request` are queued and counted.

    The key is the `comparable_name` of the credential. If the credential is named without an id,
    the `comparable_name` of its owner is added.
    """
    credential = comparable_name(request.credential, directory)
    if request.credential is not None and request.credential.id:
        return credential
    return credential + comparable_name(request.user, directory)


def _requested_scope(request: AuthRequest, directory: Directory) -> TokenScope:
    """Return the scope that `request` names.

    Returns an empty TokenScope if `request` names no scope, or asks for an unscoped token. Raises
    UnknownScope for an unknown project or domain, and for a trust.
    """
    if request.is_trust:
        raise UnknownScope
    if request.project is not None:
        domain_id = _domain_id(request.project, directory)
        project = directory.project(
            project_id=request.project.id, name=request.project.name, domain_id=domain_id
        )
        if project is None or not _is_domain_known(request.project, directory):
            raise UnknownScope
        return TokenScope(project.id)
    if request.domain is not None:
        domain = _find_domain(request.domain, directory)
        if domain is None:
            raise UnknownScope
        return TokenScope(domain_id=domain.id)
    return TokenScope(is_system=request.is_system)


def _default_project_id(user: User, directory: Directory) -> str | None:
    """Return the id of the user's default project; None if there is none that may be used.

    A user may use the project if the project and its domain are enabled, and the user has a role in
    it. A role that belongs to a domain does not count, but the roles that it implies do.
    """
    usable = (each.id for each in directory.projects_of(user) if directory.is_enabled(each))
    return next((each for each in usable if each == user.default_project_id), None)


def _domain_id(reference: Reference, directory: Directory) -> str:
    """Return the id of the domain in a reference to a user or project.

    Without a domain in `reference`, returns the id of the domain Default. If no such domain exists,
    returns the id that `reference` gives for it, or else the name in lower case. That name may be
    the id of another domain: `_is_domain_known` tells the two apart.
    """
    if reference.domain is None:
        return DOMAIN_ID
    domain = _find_domain(reference.domain, directory)
    if domain is not None:
        return domain.id
    return reference.domain.id or (reference.domain.name or "").lower()


def _is_domain_known(reference: Reference, directory: Directory) -> bool:
    """Return False if a reference to a user or project names a domain that does not exist."""
    return reference.domain is None or _find_domain(reference.domain, directory) is not None


def _find_domain(reference: Reference, directory: Directory) -> Domain | None:
    return directory.domain(domain_id=reference.id, name=reference.name)
