"""Renders the document of a token."""

from typing import Any

from glimpse.identity.embedded.directory import DOMAIN_ID, DOMAIN_NAME
from glimpse.identity.embedded.session import Session
from glimpse.identity_api.documents.common import format_time
from glimpse.identity_api.documents.roles import render_roles

_DOMAIN = {"id": DOMAIN_ID, "name": DOMAIN_NAME}


def render_token(session: Session, services: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Render ``{"token": {...}}``, the document of a session's token.

    If the token has a project, the document has the project, the roles, and `services` (a result of
    `render_catalog`) as its catalog, unless that is None. It has the application credential with
    which the token was obtained, if any. The token's text is not in it.
    """
    issued = session.token
    document: dict[str, Any] = {
        "methods": list(issued.methods),
        "user": {
            "domain": _DOMAIN,
            "id": session.user.id,
            "name": session.user.name,
            "password_expires_at": None,
        },
        "audit_ids": list(issued.audit_ids),
        "expires_at": format_time(issued.expires_at),
        "issued_at": format_time(issued.issued_at),
    }
    if session.project is not None:
        document["project"] = {
            "domain": _DOMAIN,
            "id": session.project.id,
            "name": session.project.name,
        }
        document["is_domain"] = False
        document["roles"] = render_roles(session.roles)
        if services is not None:
            document["catalog"] = services
    if session.credential is not None:
        document["application_credential"] = {
            "id": session.credential.id,
            "name": session.credential.name,
            "restricted": not session.credential.unrestricted,
        }
    return {"token": document}
