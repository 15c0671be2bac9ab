"""GrantHandlers: list, check, assign and revoke the roles of a user in one scope."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.role_assignments import RoleAssignments, check_assigned
from glimpse.identity.embedded.roles import find_role
from glimpse.identity_api import policy
from glimpse.identity_api.documents.role_assignments import assignment_path
from glimpse.identity_api.documents.roles import render_role
from glimpse.identity_api.documents.single_page import render_collection
from glimpse.identity_api.handlers.base import IdentityHandlers, no_content, url_of_list
from glimpse.identity_api.responses import json_response


class GrantHandlers(IdentityHandlers):
    """The handlers of ``/v3/SCOPE/users/{user_id}/roles``.

    SCOPE is ``projects/{project_id}``, ``domains/{domain_id}`` or ``system``. As in Keystone,
    ``project_id`` may be the id of a domain. A handler first raises NotFound if an id in the path
    is unknown, and then Forbidden if the caller may not perform the operation. Only `revoke_grant`
    raises Forbidden first if the user is unknown.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._assignments = RoleAssignments(identity.identity_file)

    async def list_grants(self, request: Request) -> Response:
        """List the roles that are assigned to a user in the scope in the path, sorted by id.

        Implied roles are not listed. The query is ignored: the list is not paged. Raises NotFound
        if the user or the scope does not exist, and Forbidden if the caller may not list the roles.
        Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        wanted = self._authorize(request, "list")
        assigned = self.directory.users[wanted.user_id].assignments
        directory, base_url = self.directory, base_url_of(request.scope)
        entries = [
            render_role(directory.roles[each.role_id], base_url)
            for each in assigned
            if each._replace(role_id="") == wanted
        ]
        entries.sort(key=lambda each: str(each["id"]))
        url = url_of_list(request, assignment_path(wanted).rpartition("/")[0])
        return json_response(render_collection("roles", entries, url))

    async def check_grant(self, request: Request) -> Response:
        """Respond 204 if the role in the path is assigned to the user in the scope.

        Raises NotFound if the role is not assigned, or if an id in the path is unknown. Raises
        Forbidden if the caller may not check the assignment. Raises the errors of `authenticate`,
        such as Unauthorized for an invalid token.
        """
        check_assigned(self._authorize(request, "check"), self.directory)
        return no_content()

    async def create_grant(self, request: Request) -> Response:
        """Assign the role in the path, and respond 204. Changes nothing if the role is assigned.

        Raises NotFound if an id in the path is unknown, and Forbidden if the caller may not assign
        the role. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        Raises the errors of `RoleAssignments.assign`, such as Forbidden for a role of another
        domain.
        """
        await self._assignments.assign(self._authorize(request, "create"))
        return no_content()

    async def revoke_grant(self, request: Request) -> Response:
        """Remove the assignment of the role in the path, and respond 204.

        If the user has no other effective role in the scope, the user's tokens for the scope become
        invalid. Raises NotFound if an id in the path is unknown, and Forbidden if the caller may
        not remove the assignment. Raises the errors of `authenticate`, such as Unauthorized for an
        invalid token. Raises the errors of `RoleAssignments.unassign`, such as NotFound if there is
        no such assignment.
        """
        await self._assignments.unassign(self._authorize(request, "revoke"))
        return no_content()

    def _authorize(self, request: Request, verb: str) -> Assignment:
        """Return the assignment in the path, with an empty ``role_id`` if the path has no role.

        The assignment need not exist. `verb` says what the caller wants to do: ``list``, ``check``,
        ``create`` or ``revoke``. Raises NotFound if a role, project, domain or user in the path
        does not exist; with ``revoke``, the user need not exist. Then raises Forbidden if the
        caller may not do what `verb` says. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        session, ids, directory = self.authenticate(request), request.path_params, self.directory
        role = find_role(ids["role_id"], directory) if "role_id" in ids else None
        user = directory.users.get(ids["user_id"])
        if user is None and verb != "revoke":
            raise NotFound(f"Could not find user: {ids['user_id']}.")
        assignment = self._with_scope(
            Assignment(ids["user_id"], role.id if role else ""),
            ids.get("project_id"),
            ids.get("domain_id"),
        )
        is_system = (assignment.project_id or assignment.domain_id) is None
        project = directory.projects.get(assignment.project_id or "")
        target = policy.PolicyTarget(
            domain_id=project.domain_id if project else assignment.domain_id,
            user_domain_id=user.domain_id if user else None,
            role=role,
        )
        plural = "s" if verb == "list" else ""
        action = f"{verb}_system_grant{plural}_for_user" if is_system else f"{verb}_grant{plural}"
        policy.check(session, action, target)
        return assignment

    def _with_scope(
        self, assignment: Assignment, project_id: str | None, domain_id: str | None
    ) -> Assignment:
        """Return a copy of `assignment` with the project or domain as its scope.

        `project_id` may be the id of a domain. If `project_id` and `domain_id` are None, the scope
        is the system. Raises NotFound if the project or domain does not exist.
        """
        directory = self.directory
        if project_id is not None:
            if project_id in directory.projects:
                return assignment._replace(project_id=project_id)
            if project_id in directory.domains:
                return assignment._replace(domain_id=project_id)
            raise NotFound(f"Could not find project: {project_id}.")
        if domain_id is not None:
            if domain_id not in directory.domains:
                raise NotFound(f"Could not find domain: {domain_id}.")
            return assignment._replace(domain_id=domain_id)
        return assignment
