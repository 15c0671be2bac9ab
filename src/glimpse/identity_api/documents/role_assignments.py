"""Renders role assignments."""

from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment, Project, Role, User
from glimpse.identity_api.role_assignment_query import FoundAssignment


def render_assignment(
    found: FoundAssignment, directory: Directory, base_url: str, *, include_names: bool
) -> dict[str, Any]:
    """Render an assignment as an entry of the list in ``/v3/role_assignments``.

    `directory` must have the user, role and scope of the assignment. With `include_names`, their
    names and domains are rendered, too; otherwise only their ids. The link ``assignment`` is the
    URL of the assignment. If the role is implied, ``assignment`` is the URL of the implying role's
    assignment, and a link ``prior_role`` names both roles.
    """
    assignment, prior = found
    assigned = assignment if prior is None else assignment._replace(role_id=prior)
    links = {"assignment": f"{base_url}/v3/{assignment_path(assigned)}"}
    if prior is not None:
        # Keystone writes the two ids in this order, although it has no route of this form.
        path = f"prior_role/{assignment.role_id}/implies/{prior}"
        links["prior_role"] = f"{base_url}/v3/{path}"
    if include_names:
        user = _named(directory.users[assignment.user_id], directory)
        role = _named(directory.roles[assignment.role_id], directory)
    else:
        user, role = {"id": assignment.user_id}, {"id": assignment.role_id}
    scope = _scope(assignment, directory, include_names=include_names)
    return {"links": links, "scope": scope, "user": user, "role": role}


def assignment_path(assignment: Assignment) -> str:
    """Return the path of an assignment below ``/v3``, such as ``system/users/ID/roles/ID``."""
    if assignment.project_id is not None:
        scope = f"projects/{assignment.project_id}"
    elif assignment.domain_id is not None:
        scope = f"domains/{assignment.domain_id}"
    else:
        scope = "system"
    return f"{scope}/users/{assignment.user_id}/roles/{assignment.role_id}"


def _scope(assignment: Assignment, directory: Directory, *, include_names: bool) -> dict[str, Any]:
    project_id, domain_id = assignment.project_id, assignment.domain_id
    if project_id is not None:
        project = directory.projects[project_id]
        return {"project": _named(project, directory) if include_names else {"id": project_id}}
    if domain_id is not None:
        named = {"id": domain_id, "name": directory.domains[domain_id].name}
        return {"domain": named if include_names else {"id": domain_id}}
    return {"system": {"all": True}}


def _named(entry: User | Project | Role, directory: Directory) -> dict[str, Any]:
    """Return the id and name of an entry and, if the entry belongs to a domain, of the domain."""
    named: dict[str, Any] = {"id": entry.id, "name": entry.name}
    if entry.domain_id is not None:
        domain = directory.domains[entry.domain_id]
        named["domain"] = {"id": domain.id, "name": domain.name}
    return named
