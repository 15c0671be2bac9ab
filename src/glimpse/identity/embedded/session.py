"""Session: a token, and the user, project and roles that belong to it now."""

from typing import NamedTuple

from glimpse.identity.embedded.directory import (
    DOMAIN_ID,
    ApplicationCredential,
    Directory,
    Project,
    User,
)
from glimpse.identity.embedded.tokens import Token
from glimpse.identity.service import Unauthorized
from glimpse.images import Caller


class Session(NamedTuple):
    """A token with its user, project and roles, as they are in the identity file now.

    ``project`` is None for an unscoped token; then ``roles`` is empty. ``credential`` is the
    application credential with which the token was obtained, or None.
    """

    token: Token
    user: User
    project: Project | None
    roles: tuple[str, ...]
    credential: ApplicationCredential | None


def resolve_session(token: Token, directory: Directory) -> Session:
    """Look up the user, project and application credential of `token` in `directory`.

    The roles of the session are those that the user has in the project. If the token is of an
    application credential, they are only those that the credential has, too. Expiry and revocation
    are not checked (`EmbeddedIdentity.validate` does). Raises Unauthorized if the user or project
    is missing or disabled, if the credential is missing, or if there is a project, but no role in
    it.
    """
    user = directory.users.get(token.user_id)
    if user is None or not user.enabled:
        raise Unauthorized("The token's user is gone.")
    credential = None
    if token.application_credential_id is not None:
        credential = directory.credentials.get(token.application_credential_id)
        if credential is None:
            raise Unauthorized("The token's application credential is gone.")
    if token.project_id is None:
        return Session(token, user, None, (), credential)
    project = directory.projects.get(token.project_id)
    roles = user.roles.get(token.project_id, ())
    if credential is not None:
        roles = tuple(role for role in credential.roles if role in roles)
    if project is None or not project.enabled or not roles:
        raise Unauthorized("The user has no role in the token's project.")
    return Session(token, user, project, roles, credential)


def caller_from_session(session: Session, text: str) -> Caller:
    """Return the Caller of `session`: an admin if it has the role admin.

    `text` is the signed token, as the client sent it.
    """
    project = session.project
    return Caller(
        user_id=session.user.id,
        project_id=project.id if project else None,
        roles=frozenset(session.roles),
        is_admin="admin" in session.roles,
        user_name=session.user.name,
        project_name=project.name if project else None,
        user_domain_id=DOMAIN_ID,
        project_domain_id=DOMAIN_ID if project else None,
        token=text,
    )
