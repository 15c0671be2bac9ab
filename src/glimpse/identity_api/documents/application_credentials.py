"""Renders application credentials and access rules."""

from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential, UserAccessRule
from glimpse.identity_api.documents.roles import render_role_attributes
from glimpse.identity_api.documents.times import format_time


def render_application_credential(
    credential: ApplicationCredential, directory: Directory, base_url: str
) -> dict[str, Any]:
    """Render an application credential, without its secret.

    Roles that `directory` does not have are left out. ``access_rules`` is left out if there are
    none. ``expires_at`` is null if the credential does not expire. Otherwise it has no ``Z`` at the
    end, unlike the ``expires_at`` of a token (as in Keystone).
    """
    path = f"/v3/users/{credential.user_id}/application_credentials/{credential.id}"
    roles = (directory.roles[each] for each in credential.roles if each in directory.roles)
    expires = (
        None
        if credential.expires_at is None
        else format_time(credential.expires_at).removesuffix("Z")
    )
    return {
        "id": credential.id,
        "name": credential.name,
        "description": credential.description,
        "user_id": credential.user_id,
        "project_id": credential.project_id,
        "roles": [render_role_attributes(role) for role in roles],
        "expires_at": expires,
        "unrestricted": credential.unrestricted,
        "system": None,
        "links": {"self": base_url + path},
        **render_access_rules(credential),
    }


def render_access_rules(credential: ApplicationCredential) -> dict[str, Any]:
    """Return ``{"access_rules": [...]}``; an empty dict if the credential has no access rules."""
    rules = [render_access_rule(each) for each in credential.access_rules]
    return {"access_rules": rules} if rules else {}


def render_access_rule(rule: UserAccessRule) -> dict[str, Any]:
    """Render the id, service, method and path of an access rule, without links."""
    return {"id": rule.id, **rule.rule._asdict()}


def link_to_access_rule(rule: UserAccessRule, base_url: str) -> dict[str, Any]:
    """Return ``{"links": {"self": URL}}`` for an access rule."""
    return {"links": {"self": f"{base_url}/v3/users/{rule.user_id}/access_rules/{rule.id}"}}
