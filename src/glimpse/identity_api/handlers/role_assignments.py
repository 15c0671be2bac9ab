"""RoleAssignmentHandlers: list the role assignments of all users."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity_api import policy
from glimpse.identity_api.documents.role_assignments import render_assignment
from glimpse.identity_api.documents.single_page import render_collection
from glimpse.identity_api.handlers.base import IdentityHandlers, url_of_list
from glimpse.identity_api.requests import first_values, is_flag_set
from glimpse.identity_api.responses import json_response
from glimpse.identity_api.role_assignment_query import find_assignments, parse_query

# How many pairs of a user and a scope are rendered before other requests are served. That takes
# 1 ms; the largest possible number of assignments, implied ones included, takes 0.2 s.
_SCOPES_AT_ONCE = 50


class RoleAssignmentHandlers(IdentityHandlers):
    """The handler of ``/v3/role_assignments``."""

    async def list_role_assignments(self, request: Request) -> Response:
        """List the role assignments that match the query. The list is not paged.

        The query may filter by user, role, project, domain and system. ``include_subtree`` adds the
        projects below the project. With ``effective``, implied roles are listed, too, but no roles
        of domains, and no assignments on the system. With ``include_names``, names and domains are
        shown beside the ids. With a token for a domain and without ``include_subtree``, only
        assignments in that domain and in its projects are listed. Other requests are served while a
        long list is made.

        Raises Forbidden if the caller may not list assignments, and BadRequest for an invalid
        query. An unknown id matches no assignment. But with ``effective``, an unknown user or
        project raises NotFound, and so does an unknown project with ``include_subtree``. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        session, directory = self.authenticate(request), self.directory
        parameters = first_values(request.query_params.multi_items())
        query = parse_query(parameters)
        own = session.domain.id if session.domain else None
        if query.include_subtree:
            project = directory.projects.get(query.project_id or "")
            target = policy.PolicyTarget(domain_id=project.domain_id if project else None)
            policy.check(session, "list_role_assignments_for_tree", target)
            own = None
        else:
            policy.check(session, "list_role_assignments", policy.PolicyTarget(domain_id=own))
        include_names = is_flag_set(parameters, "include_names")
        base_url = base_url_of(request.scope)
        entries: list[orjson.Fragment] = []
        for number, found in enumerate(find_assignments(query, directory)):
            if number % _SCOPES_AT_ONCE == 0:
                await asyncio.sleep(0)  # let other requests run
            for each in found:
                if own is None or _is_in(each.assignment, own, directory):
                    entry = render_assignment(
                        each, directory, base_url, include_names=include_names
                    )
                    entries.append(orjson.Fragment(orjson.dumps(entry)))
        url = url_of_list(request, "role_assignments")
        return json_response(render_collection("role_assignments", entries, url))


def _is_in(assignment: Assignment, domain_id: str, directory: Directory) -> bool:
    """Return True if `assignment` is in the domain `domain_id`, or in one of its projects."""
    project = directory.projects.get(assignment.project_id or "")
    return domain_id == (project.domain_id if project else assignment.domain_id)
