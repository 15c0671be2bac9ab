"""Renders users."""

from typing import Any

from glimpse.identity.embedded.directory import DOMAIN_ID, User


def render_user(user: User, base_url: str) -> dict[str, Any]:
    """Render a user as in ``/v3/users``, without password and hash."""
    return {
        "id": user.id,
        "name": user.name,
        "domain_id": DOMAIN_ID,
        "enabled": user.enabled,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/users/{user.id}"},
    }
