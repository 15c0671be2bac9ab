"""Renders the document of a token."""

from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Project, User
from glimpse.identity.embedded.session import Session
from glimpse.identity_api.documents.application_credentials import render_access_rules
from glimpse.identity_api.documents.roles import render_roles
from glimpse.identity_api.documents.times import format_time


def render_token(
    session: Session, directory: Directory, services: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """Render ``{"token": {...}}``, the document of the token of `session`.

    If the token has a scope, the document has the scope, the roles and the catalog `services`, a
    result of `extend_catalog`. If `services` is None, the document has no catalog. If the token was
    obtained with an application credential, the document describes the credential. ``expires_at``
    is that of the token, even if the credential expires earlier. `directory` has the names of
    domains. The signed token itself is not in the document.
    """
    issued = session.token
    document: dict[str, Any] = {
        "methods": list(issued.methods),
        "user": {
            "domain": _render_domain_of(session.user, directory),
            "id": session.user.id,
            "name": session.user.name,
            "password_expires_at": None,
        },
        "audit_ids": list(issued.audit_ids),
        "expires_at": format_time(issued.expires_at),
        "issued_at": format_time(issued.issued_at),
    }
    if session.is_scoped:
        document |= _render_scope(session, directory)
        document["roles"] = render_roles(session.roles)
        if services is not None:
            document["catalog"] = services
    if session.credential is not None:
        document["application_credential"] = {
            "id": session.credential.id,
            "name": session.credential.name,
            "restricted": not session.credential.unrestricted,
            **render_access_rules(session.credential),
        }
    return {"token": document}


def _render_scope(session: Session, directory: Directory) -> dict[str, Any]:
    """Return the part of a token's document that names its scope; empty for an unscoped token."""
    if session.token.is_system:
        return {"system": {"all": True}}
    if session.domain is not None:
        return {"domain": {"id": session.domain.id, "name": session.domain.name}}
    if session.project is None:
        return {}
    domain = _render_domain_of(session.project, directory)
    project = {"domain": domain, "id": session.project.id, "name": session.project.name}
    return {"project": project, "is_domain": False}


def _render_domain_of(entry: User | Project, directory: Directory) -> dict[str, str]:
    return {"id": entry.domain_id, "name": directory.domains[entry.domain_id].name}
