"""Renders application credentials."""

from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential, UserAccessRule
from glimpse.identity_api.documents.common import format_time
from glimpse.identity_api.documents.roles import render_role_attributes


def render_application_credential(
    credential: ApplicationCredential, directory: Directory, base_url: str
) -> dict[str, Any]:
    """Render an application credential, without its secret. `directory` has its roles.

    Its ``expires_at`` has no ``Z`` at the end, unlike that of a token (as in Keystone).
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
    """Render the member ``access_rules``; nothing if the credential has no rules."""
    rules = [render_access_rule(each) for each in credential.access_rules]
    return {"access_rules": rules} if rules else {}


def render_access_rule(rule: UserAccessRule) -> dict[str, Any]:
    """Render an access rule, without links, as credentials and tokens have it."""
    return {"id": rule.id, **rule.rule._asdict()}


def link_to_access_rule(rule: UserAccessRule, base_url: str) -> dict[str, Any]:
    """Render the member ``links`` of an access rule."""
    return {"links": {"self": f"{base_url}/v3/users/{rule.user_id}/access_rules/{rule.id}"}}
