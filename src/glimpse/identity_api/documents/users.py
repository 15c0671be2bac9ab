"""Renders users."""

from typing import Any

from glimpse.identity.embedded.directory_entries import User


def render_user(user: User, base_url: str) -> dict[str, Any]:
    """Render a user as in ``/v3/users``, without password and hash."""
    texts = {
        "email": user.email,
        "description": user.description,
        "default_project_id": user.default_project_id,
    }
    return {
        **user.extra,
        **{key: text for key, text in texts.items() if text is not None},
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain_id,
        "enabled": user.enabled,
        "password_expires_at": None,
        "options": dict(user.options),
        "links": {"self": f"{base_url}/v3/users/{user.id}"},
    }
