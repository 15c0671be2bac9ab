"""Session: a token, and the user, scope and roles that belong to it now."""

from typing import NamedTuple

from glimpse.identity.access_rules import RequestTarget, is_allowed
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import (
    ApplicationCredential,
    Domain,
    Project,
    Role,
    User,
)
from glimpse.identity.embedded.tokens import Token
from glimpse.identity.service import Unauthorized
from glimpse.images import Caller


class Session(NamedTuple):
    """A token with its user, scope and roles, read from the identity file.

    A token for a project has ``project``, a token for a domain has ``domain``. For a token for the
    system, ``token.is_system`` is True. All other tokens are unscoped, and have no ``roles``.
    ``roles`` includes implied roles. ``credential`` is the application credential with which the
    token was obtained, or None.
    """

    token: Token
    user: User
    project: Project | None
    roles: tuple[Role, ...]
    credential: ApplicationCredential | None
    domain: Domain | None = None

    @property
    def role_names(self) -> frozenset[str]:
        """The names of ``roles``."""
        return frozenset(role.name for role in self.roles)

    @property
    def is_scoped(self) -> bool:
        """True if the token is for a project, a domain or the system."""
        return self.token.is_system or (self.project or self.domain) is not None

    @property
    def expires_at(self) -> float:
        """The POSIX time from which the token or its application credential is expired."""
        limit = self.credential.expires_at if self.credential else None
        return self.token.expires_at if limit is None else min(self.token.expires_at, limit)


def resolve_session(token: Token, directory: Directory) -> Session:
    """Return the session of `token`: look up its user, scope and roles in `directory`.

    The session has the user's roles in the scope, and the roles that they imply. Roles that belong
    to a domain are left out. If the token was obtained with an application credential, the session
    has only the roles that both the user and the credential have. Expiry, revocation and the
    password are not checked (`EmbeddedIdentity.validate` does).

    Raises Unauthorized in these cases:

    - The user, project or domain is missing or disabled, or is in a disabled domain.
    - A request has disabled the user since the token was issued, even if the user is enabled again.
    - The application credential is missing.
    - The token has a scope, but the session would have no role.
    """
    user = directory.users.get(token.user_id)
    if user is None or not directory.is_enabled(user):
        raise Unauthorized("The token's user is gone.")
    if user.disabled_at is not None and token.issued_at <= user.disabled_at:
        raise Unauthorized("The token's user was disabled meanwhile.")
    credential = None
    if token.application_credential_id is not None:
        credential = directory.application_credentials.get(token.application_credential_id)
        if credential is None:
            raise Unauthorized("The token's application credential is gone.")
    project, domain = _find_scope(token, directory)
    roles = tuple(directory.effective_roles(_assigned_roles(token, user)))
    if credential is not None:
        roles = tuple(role for role in roles if role.id in credential.roles)
    session = Session(token, user, project, roles, credential, domain)
    if session.is_scoped and not roles:
        raise Unauthorized("The user has no role in the token's scope.")
    return session


def _find_scope(token: Token, directory: Directory) -> tuple[Project | None, Domain | None]:
    """Return the project of `token`, or None, and the domain of `token`, or None.

    Raises Unauthorized if the project or domain is missing or disabled, or if the project is in a
    disabled domain.
    """
    project = domain = None
    if token.project_id is not None:
        project = directory.projects.get(token.project_id)
        if project is None or not directory.is_enabled(project):
            raise Unauthorized("The token's project is gone.")
    if token.domain_id is not None:
        domain = directory.domains.get(token.domain_id)
        if domain is None or not domain.enabled:
            raise Unauthorized("The token's domain is gone.")
    return project, domain


def _assigned_roles(token: Token, user: User) -> tuple[str, ...]:
    """Return the ids of the roles that are assigned to `user` in the scope of `token`.

    Implied roles are not included. For an unscoped token, the result is empty.
    """
    if token.is_system:
        return user.system_roles
    if token.domain_id is not None:
        return user.domain_roles.get(token.domain_id, ())
    return user.roles.get(token.project_id, ()) if token.project_id is not None else ()


def check_access_rules(session: Session, target: RequestTarget | None) -> None:
    """Check that the access rules of the session's application credential allow `target`.

    Without an application credential, or without access rules, every request is allowed. Otherwise
    raises Unauthorized if no rule allows `target`, or if `target` is None.
    """
    rules = session.credential.access_rules if session.credential else ()
    if rules and not is_allowed([each.rule for each in rules], target):
        raise Unauthorized("The access rules of the application credential do not allow it.")


def caller_from_session(session: Session, text: str) -> Caller:
    """Return the Caller of `session`. The Caller is an admin if a role is named admin.

    The project of the Caller is None if the token is not for a project. `text` is the signed token,
    as the client sent it.
    """
    project = session.project
    return Caller(
        user_id=session.user.id,
        project_id=project.id if project else None,
        roles=session.role_names,
        is_admin="admin" in session.role_names,
        user_name=session.user.name,
        project_name=project.name if project else None,
        user_domain_id=session.user.domain_id,
        project_domain_id=project.domain_id if project else None,
        token=text,
    )
