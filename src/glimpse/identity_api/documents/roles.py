"""Renders roles."""

from collections.abc import Iterable
from typing import Any

from glimpse.identity.embedded.directory_entries import Role


def render_role(role: Role, base_url: str) -> dict[str, Any]:
    """Render a role as an entry of the list in ``/v3/roles``."""
    links = {"self": f"{base_url}/v3/roles/{role.id}"}
    return {**role.extra, **render_role_attributes(role), "links": links}


def render_role_attributes(role: Role) -> dict[str, Any]:
    """Render a role as application credentials list it: without links.

    Attributes that Keystone does not know are left out, too.
    """
    return {
        "id": role.id,
        "name": role.name,
        "domain_id": role.domain_id,
        "description": role.description,
        "options": dict(role.options),
    }


def render_roles(roles: Iterable[Role]) -> list[dict[str, str]]:
    """Render the ids and names of roles, as the document of a token lists them."""
    return [{"id": role.id, "name": role.name} for role in roles]


def render_inference(prior: Role, implied: Iterable[Role], base_url: str) -> dict[str, Any]:
    """Render the role `prior` and the roles that `prior` implies.

    This is an entry of the list in ``/v3/role_inferences``.
    """
    return {
        "prior_role": _render_reference(prior, base_url),
        "implies": [_render_reference(role, base_url) for role in implied],
    }


def render_implied_role(prior: Role, implied: Role, base_url: str) -> dict[str, Any]:
    """Render the role `prior`, and one role that `prior` implies.

    This is the object ``role_inference`` in ``/v3/roles/ID/implies/ID``.
    """
    return {
        "prior_role": _render_reference(prior, base_url),
        "implies": _render_reference(implied, base_url),
    }


def _render_reference(role: Role, base_url: str) -> dict[str, Any]:
    links = {"self": f"{base_url}/v3/roles/{role.id}"}
    return {"id": role.id, "name": role.name, "links": links}
