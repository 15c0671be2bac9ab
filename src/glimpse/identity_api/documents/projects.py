"""Renders projects and domains."""

from typing import Any

from glimpse.identity.embedded.directory import DOMAIN_ID, DOMAIN_NAME, Project


def render_project(project: Project, base_url: str) -> dict[str, Any]:
    """Render a project, also a disabled one, as in ``/v3/auth/projects`` and ``/v3/projects``."""
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": DOMAIN_ID,
        "parent_id": DOMAIN_ID,
        "description": "",
        "enabled": project.enabled,
        "is_domain": False,
        "options": {},
        "tags": [],
        "links": {"self": f"{base_url}/identity/v3/projects/{project.id}"},
    }


def render_domain(base_url: str) -> dict[str, Any]:
    """Render the only domain, Default, as in ``/v3/domains``."""
    return {
        "id": DOMAIN_ID,
        "name": DOMAIN_NAME,
        "description": "",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/domains/{DOMAIN_ID}"},
    }
