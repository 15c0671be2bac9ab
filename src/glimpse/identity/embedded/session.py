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
    """A token with its user, scope and roles, as they are in the identity file now.

    The scope is ``project`` or ``domain``, or the system if ``token.is_system`` is True; an
    unscoped token has none, and then ``roles`` is empty. ``credential`` is the application
    credential with which the token was obtained, or None.
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


def resolve_session(token: Token, directory: Directory) -> Session:
    """Look up the user, scope and application credential of `token` in `directory`.

    The roles of the session are those that the user has in the scope. If the token is of an
    application credential, they are only those that the credential has, too. Expiry and revocation
    are not checked (`EmbeddedIdentity.validate` does). Raises Unauthorized if the user, project or
    domain is missing or disabled, or in a disabled domain; if the user has been disabled since the
    token was issued; if the credential is missing; or if there is a scope, but no role in it.
    """
    user = directory.users.get(token.user_id)
    if user is None or not directory.is_enabled(user):
        raise Unauthorized("The token's user is gone.")
    if user.disabled_at is not None and token.issued_at <= user.disabled_at:
        raise Unauthorized("The token's user was disabled meanwhile.")
    credential = None
    if token.application_credential_id is not None:
        credential = directory.credentials.get(token.application_credential_id)
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
    """Return the project and the domain of `token`; raise Unauthorized if one cannot be used."""
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
    """Return the ids of the roles that are assigned to `user` in the scope of `token`."""
    if token.is_system:
        return user.system_roles
    if token.domain_id is not None:
        return user.domain_roles.get(token.domain_id, ())
    return user.roles.get(token.project_id, ()) if token.project_id is not None else ()


def check_access_rules(session: Session, target: RequestTarget | None) -> None:
    """Check that the access rules of the application credential allow the request `target`.

    Raises Unauthorized if there are rules, and none allows it; also if `target` is None. Tokens
    that were obtained otherwise, and credentials without rules, may be used for everything.
    """
    rules = session.credential.access_rules if session.credential else ()
    if rules and not is_allowed([each.rule for each in rules], target):
        raise Unauthorized("The access rules of the application credential do not allow it.")


def caller_from_session(session: Session, text: str) -> Caller:
    """Return the Caller of `session`: an admin if it has the role admin.

    It has a project only if the token is for a project, as a Caller of Keystone's tokens. `text` is
    the signed token, as the client sent it.
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
