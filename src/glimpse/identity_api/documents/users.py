"""Renders users."""

from typing import Any

from glimpse.identity.embedded.directory_entries import User


def render_user(user: User, base_url: str) -> dict[str, Any]:
    """Render a user, without password or hash, as an entry of the list in ``/v3/users``.

    ``email`` and ``description`` are missing if they were never set. ``default_project_id`` is also
    missing if it was set to null.
    """
    default = user.default_project_id
    return {
        **render_user_extra(user),
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain_id,
        "enabled": user.enabled,
        **({} if default is None else {"default_project_id": default}),
        "password_expires_at": None,
        "options": dict(user.options),
        "links": {"self": f"{base_url}/v3/users/{user.id}"},
    }


def render_user_extra(user: User) -> dict[str, Any]:
    """Render the attributes of a user that Keystone does not know, such as ``email``.

    In the response to an update, Keystone shows these attributes twice: in the user and, once more,
    under ``extra``. ``description`` is one of these attributes, too.
    """
    texts = {"email": user.email, "description": user.description}
    return {**user.extra, **{key: text for key, text in texts.items() if text is not None}}
