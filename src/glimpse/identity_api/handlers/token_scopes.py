"""TokenScopeHandlers: list the scopes in which the caller has a role, and the catalog."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.errors import Forbidden
from glimpse.identity_api.documents.projects import render_domain, render_project
from glimpse.identity_api.documents.single_page import render_collection
from glimpse.identity_api.handlers.base import IdentityHandlers
from glimpse.identity_api.responses import json_response


class TokenScopeHandlers(IdentityHandlers):
    """The handlers that list the scopes in which the caller has a role, and the catalog.

    Their paths are ``/v3/auth/projects``, ``/v3/auth/domains``, ``/v3/auth/system`` and
    ``/v3/auth/catalog``.
    """

    async def projects(self, request: Request) -> Response:
        """List the projects in which the caller has a role, also disabled ones, sorted by name.

        The caller's token may be unscoped. The query is ignored. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        found = self.directory.projects_of(session.user)
        entries = [render_project(each, base_url) for each in found]
        url = f"{base_url}/v3/auth/projects"
        return json_response(render_collection("projects", entries, url))

    async def domains(self, request: Request) -> Response:
        """List the domains in which the caller has a role, also disabled ones, sorted by name.

        The caller's token may be unscoped. The query is ignored. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        found = self.directory.domains_of(session.user)
        entries = [render_domain(each, base_url) for each in found]
        url = f"{base_url}/v3/auth/domains"
        return json_response(render_collection("domains", entries, url))

    async def system(self, request: Request) -> Response:
        """List the entry ``{"all": true}`` if the caller has a role on the system, else nothing.

        The caller's token may be unscoped. The query is ignored. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        user = self.authenticate(request).user
        url = f"{base_url_of(request.scope)}/v3/auth/system"
        systems = [{"all": True}] if user.system_roles else []
        return json_response({"system": systems, "links": {"self": url}})

    async def show_catalog(self, request: Request) -> Response:
        """Show the service catalog for the caller's token.

        Raises Forbidden if the token is not for a project. Raises the errors of `authenticate`,
        such as Unauthorized for an invalid token.
        """
        session = self.authenticate(request)
        if session.project is None:
            raise Forbidden("A project-scoped token is required to produce a service catalog.")
        services = self.catalog(request, session)
        url = f"{base_url_of(request.scope)}/v3/auth/catalog"
        return json_response({"catalog": services, "links": {"self": url}})
