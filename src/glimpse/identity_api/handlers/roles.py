"""RoleHandlers: list, show, create, update and delete roles."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.roles import Roles, find_role
from glimpse.identity.embedded.session import Session
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import ID, parse_changes, parse_new_object
from glimpse.identity_api.documents.roles import render_role
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response, no_content
from glimpse.identity_api.list_query import ListRules
from glimpse.identity_api.requests import read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(
    ("name", "domain_id"),
    {"name": schemas.ROLE.attributes["name"], "domain_id": ID},
)


class RoleHandlers(IdentityHandlers):
    """The handlers of ``/v3/roles``.

    As in Keystone, a handler first raises NotFound if the role in the path does not exist, and then
    Forbidden if the caller may not perform the operation.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._roles = Roles(identity.identity_file)

    async def list_roles(self, request: Request) -> Response:
        """List the roles that match the query, sorted by id, or one page of them.

        The query may filter by ``name``; ``limit`` and ``marker`` choose the page. With the
        parameter ``domain_id``, lists the roles of that domain; without ``domain_id``, the roles
        that belong to no domain. Raises Forbidden if the caller may not list these roles,
        BadRequest for an invalid parameter, and NotFound for an unknown ``marker``. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        is_of_domain = "domain_id" in request.query_params
        policy.check(session, "list_domain_roles" if is_of_domain else "list_roles")
        roles = self.directory.roles.values()
        found = (each for each in roles if is_of_domain or each.domain_id is None)
        entries = [render_role(each, base_url) for each in found]
        return list_response(request, "roles", entries, _LIST)

    async def show_role(self, request: Request) -> Response:
        """Show a role.

        Raises NotFound if the role does not exist, and Forbidden if the caller may not see the
        role. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        session, role_id = self.authenticate(request), request.path_params["role_id"]
        self.check_policy(session, "get", role_id)
        role = find_role(role_id, self.directory)
        return json_response({"role": render_role(role, base_url_of(request.scope))})

    async def create_role(self, request: Request) -> Response:
        """Create a role, and respond 201.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not create the role.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Roles.create`, such as Conflict if the name is in use.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.ROLE)
        is_of_domain = values.get("domain_id") is not None
        policy.check(session, "create_domain_role" if is_of_domain else "create_role")
        made = await self._roles.create(values)
        return json_response({"role": render_role(made, base_url_of(request.scope))}, 201)

    async def update_role(self, request: Request) -> Response:
        """Change attributes of a role, and show the changed role.

        Raises BadRequest for an invalid body, NotFound if the role does not exist, and Forbidden if
        the caller may not change the role. Raises the errors of `authenticate` and `read_json`,
        such as Unauthorized for an invalid token. Raises the errors of `Roles.update`, such as
        Conflict if the new name is in use.
        """
        session, role_id = self.authenticate(request), request.path_params["role_id"]
        values = parse_changes(await read_json(request), schemas.ROLE)
        self.check_policy(session, "update", role_id)
        changed = await self._roles.update(role_id, values)
        return json_response({"role": render_role(changed, base_url_of(request.scope))})

    async def delete_role(self, request: Request) -> Response:
        """Delete a role and everything that refers to the role, and respond 204.

        Application credentials that have the role are deleted, too. Raises NotFound if the role
        does not exist, and Forbidden if the caller may not delete the role. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token. Raises the errors of
        `Roles.delete`, such as Forbidden for an immutable role.
        """
        session, role_id = self.authenticate(request), request.path_params["role_id"]
        self.check_policy(session, "delete", role_id)
        await self._roles.delete(role_id)
        return no_content()

    def check_policy(self, session: Session, verb: str, role_id: str) -> None:
        """Raise NotFound for an unknown role, Forbidden if the caller may not `verb` the role.

        `verb` is ``get``, ``update`` or ``delete``.
        """
        role = find_role(role_id, self.directory)
        kind = "role" if role.domain_id is None else "domain_role"
        policy.check(session, f"{verb}_{kind}", policy.PolicyTarget(role=role))
