"""Renders projects and domains."""

from typing import Any

from glimpse.identity.embedded.directory_entries import Domain, Project


def render_project(project: Project, base_url: str) -> dict[str, Any]:
    """Render a project, also a disabled one, as in ``/v3/auth/projects`` and ``/v3/projects``."""
    return {
        **project.extra,
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain_id,
        "parent_id": project.parent_id or project.domain_id,
        "description": project.description,
        "enabled": project.enabled,
        "is_domain": False,
        "options": dict(project.options),
        "tags": list(project.tags),
        "links": {"self": f"{base_url}/v3/projects/{project.id}"},
    }


def render_domain(domain: Domain, base_url: str) -> dict[str, Any]:
    """Render a domain, also a disabled one, as in ``/v3/domains``."""
    return {
        **domain.extra,
        "id": domain.id,
        "name": domain.name,
        "description": domain.description,
        "enabled": domain.enabled,
        "tags": list(domain.tags),
        "options": dict(domain.options),
        "links": {"self": f"{base_url}/v3/domains/{domain.id}"},
    }
