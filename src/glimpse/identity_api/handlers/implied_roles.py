"""ImpliedRoleHandlers: list, show, add and remove the roles that a role implies."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import Role
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.roles import Roles, check_implied, find_role
from glimpse.identity_api import policy
from glimpse.identity_api.documents.roles import render_implied_role, render_inference
from glimpse.identity_api.handlers.base import IdentityHandlers, no_content
from glimpse.identity_api.responses import json_response


class ImpliedRoleHandlers(IdentityHandlers):
    """The handlers of ``/v3/roles/{role_id}/implies`` and ``/v3/role_inferences``.

    A user with a role (the prior role) also has the roles that the prior role implies. As in
    Keystone, a handler first raises NotFound if a role in the path does not exist, and then
    Forbidden if the caller may not perform the operation.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._roles = Roles(identity.identity_file)

    async def list_inferences(self, request: Request) -> Response:
        """List all roles that imply other roles, each with the roles that it implies directly.

        The query is ignored. Raises Forbidden if the caller may not list implied roles. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "list_role_inference_rules")
        directory, base_url = self.directory, base_url_of(request.scope)
        entries = [
            render_inference(directory.roles[prior], self._implied(prior), base_url)
            for prior, implied in directory.implied_roles.items()
            if implied
        ]
        return json_response({"role_inferences": entries})

    async def list_implied_roles(self, request: Request) -> Response:
        """List the roles that the role in the path implies directly. The query is ignored.

        Raises NotFound if the role in the path does not exist, and Forbidden if the caller may not
        list implied roles. Raises the errors of `authenticate`, such as Unauthorized for an invalid
        token.
        """
        self._authorize(request, "list_implied_roles")
        prior_id, base_url = request.path_params["role_id"], base_url_of(request.scope)
        prior = self.directory.roles[prior_id]
        inference = render_inference(prior, self._implied(prior_id), base_url)
        links = {"self": f"{base_url}/v3/roles/{prior_id}/implies"}
        return json_response({"role_inference": inference, "links": links})

    async def show_implied_role(self, request: Request) -> Response:
        """Show the two roles in the path: the prior role and the role that it implies.

        Responds 204 to HEAD, as Keystone does. Raises NotFound if a role does not exist, or if the
        prior role does not imply the other role directly. Raises Forbidden if the caller may not
        see implied roles. Raises the errors of `authenticate`, such as Unauthorized for an invalid
        token.
        """
        is_check = request.method == "HEAD"
        self._authorize(request, "check_implied_role" if is_check else "get_implied_role")
        prior_id, implied_id = request.path_params.values()
        check_implied(prior_id, implied_id, self.directory)
        return no_content() if is_check else self._response(request)

    async def create_implied_role(self, request: Request) -> Response:
        """Let the first role in the path imply the second one; respond 201 with both roles.

        Raises NotFound if a role does not exist, and Forbidden if the caller may not add implied
        roles. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        Raises the errors of `Roles.imply`, such as Conflict if the role is implied already.
        """
        self._authorize(request, "create_implied_role")
        await self._roles.imply(*request.path_params.values())
        return self._response(request, 201)

    async def delete_implied_role(self, request: Request) -> Response:
        """Let the first role in the path no longer imply the second one, and respond 204.

        Raises NotFound if a role does not exist, and Forbidden if the caller may not remove implied
        roles. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        Raises the errors of `Roles.stop_implying`, such as NotFound if the role is not implied.
        """
        self._authorize(request, "delete_implied_role")
        await self._roles.stop_implying(*request.path_params.values())
        return no_content()

    def _authorize(self, request: Request, action: str) -> None:
        """Raise NotFound for an unknown role in the path, Forbidden if `action` is not allowed.

        Before that, raises the errors of `authenticate`.
        """
        session = self.authenticate(request)
        for role_id in request.path_params.values():
            find_role(role_id, self.directory)
        policy.check(session, action)

    def _implied(self, prior_id: str) -> list[Role]:
        directory = self.directory
        return [directory.roles[each] for each in directory.implied_roles.get(prior_id, ())]

    def _response(self, request: Request, status: int = 200) -> Response:
        """Make the response that shows the two roles in the path.

        Raises NotFound if one of the roles does not exist.
        """
        base_url = base_url_of(request.scope)
        prior_id, implied_id = request.path_params.values()
        prior, implied = (find_role(each, self.directory) for each in (prior_id, implied_id))
        links = {"self": f"{base_url}/v3/roles/{prior_id}/implies/{implied_id}"}
        inference = render_implied_role(prior, implied, base_url)
        return json_response({"role_inference": inference, "links": links}, status)
