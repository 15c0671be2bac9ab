"""Renders roles."""

from typing import Any

from glimpse.identity.embedded.directory import role_id


def render_role(name: str, base_url: str) -> dict[str, Any]:
    """Render a role as an entry of the list in ``/v3/roles``."""
    return {
        "id": role_id(name),
        "name": name,
        "domain_id": None,
        "description": None,
        "options": {"immutable": True},
        "links": {"self": f"{base_url}/identity/v3/roles/{role_id(name)}"},
    }


def render_roles(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Render the roles with these names, as a token or an application credential lists them."""
    return [{"id": role_id(name), "name": name} for name in names]
