"""Renders projects and domains."""

from collections.abc import Iterable, Sequence
from typing import Any

from glimpse.identity.embedded.directory_entries import Domain, Project


def render_project(project: Project, base_url: str) -> dict[str, Any]:
    """Render an enabled or disabled project as an entry of the list in ``/v3/projects``.

    If the project has no parent project, ``parent_id`` is the id of its domain.
    """
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
    """Render an enabled or disabled domain as an entry of the list in ``/v3/domains``."""
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


def render_domain_as_project(domain: Domain, base_url: str) -> dict[str, Any]:
    """Render a domain as ``/v3/projects`` shows it: as a project with ``is_domain`` true.

    This project has the id of the domain. Its ``domain_id`` and ``parent_id`` are null.
    """
    return {
        **render_domain(domain, base_url),
        "domain_id": None,
        "parent_id": None,
        "is_domain": True,
        "links": {"self": f"{base_url}/v3/projects/{domain.id}"},
    }


def render_parent_ids(project: Project, parents: Sequence[Project]) -> dict[str, Any]:
    """Render the ids above a project: ``{parent: {grandparent: {domain: None}}}``.

    `parents` are the projects above `project`, the nearest first. The last id is the domain of
    `project`.
    """
    rendered: dict[str, Any] = {project.domain_id: None}
    for parent in reversed(parents):
        rendered = {parent.id: rendered}
    return rendered


def render_subtree_ids(project: Project, below: Iterable[Project]) -> dict[str, Any] | None:
    """Render the ids below a project: ``{child: {grandchild: None}}``.

    `below` are all projects below `project`, each after its parent. Returns None if `below` is
    empty.
    """
    rendered: dict[str, dict[str, Any]] = {project.id: {}}
    parents: dict[str, str] = {}
    for each in below:
        parent_id = each.parent_id or ""
        rendered[each.id] = rendered[parent_id][each.id] = {}
        parents[each.id] = parent_id
    for project_id, parent_id in parents.items():
        if not rendered[project_id]:
            rendered[parent_id][project_id] = None
    return rendered[project.id] or None
