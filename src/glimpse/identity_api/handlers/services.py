"""ServiceHandlers: list, show, create, update and delete the services of the catalog."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.services import Services
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import parse_changes, parse_new_object
from glimpse.identity_api.documents.catalog import (
    own_catalog_ids,
    render_own_services,
    render_service,
)
from glimpse.identity_api.handlers.base import (
    IdentityHandlers,
    list_response,
    no_content,
    show_response,
)
from glimpse.identity_api.list_query import ListRules
from glimpse.identity_api.requests import read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(("type", "name"))


class ServiceHandlers(IdentityHandlers):
    """The handlers of ``/v3/services``.

    All handlers raise Forbidden if the caller may not perform the operation. The services of this
    process are listed and shown, but cannot be changed or deleted.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._services = Services(identity.identity_file, own_catalog_ids(identity.region_name))

    async def list_services(self, request: Request) -> Response:
        """List the services that match the query, sorted by id, or one page of them.

        The query may filter by ``type`` and ``name``; ``limit`` and ``marker`` choose the page. The
        list includes the services of this process. Raises Forbidden if the caller may not list
        services, BadRequest for an invalid parameter, and NotFound for an unknown ``marker``.
        Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "list_services")
        return list_response(request, "services", self._all(request), _LIST)

    async def show_service(self, request: Request) -> Response:
        """Show a service.

        Raises Forbidden if the caller may not see services, and NotFound if the service does not
        exist. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "get_service")
        return show_response("service", self._all(request), request.path_params["service_id"])

    async def create_service(self, request: Request) -> Response:
        """Create a service, and respond 201.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not create services.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Services.create`, such as Forbidden if there are too many
        services.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.SERVICE)
        policy.check(session, "create_service")
        made = await self._services.create(values)
        return json_response({"service": render_service(made, base_url_of(request.scope))}, 201)

    async def update_service(self, request: Request) -> Response:
        """Change attributes of a service, and show the changed service.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not change services.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Services.update`, such as NotFound for an unknown service.
        """
        session = self.authenticate(request)
        values = parse_changes(await read_json(request), schemas.SERVICE)
        policy.check(session, "update_service")
        changed = await self._services.update(request.path_params["service_id"], values)
        return json_response({"service": render_service(changed, base_url_of(request.scope))})

    async def delete_service(self, request: Request) -> Response:
        """Delete a service and its endpoints, and respond 204.

        Raises Forbidden if the caller may not delete services. Raises the errors of `authenticate`,
        such as Unauthorized for an invalid token. Raises the errors of `Services.delete`, such as
        NotFound for an unknown service, or Forbidden for one of this process.
        """
        policy.check(self.authenticate(request), "delete_service")
        await self._services.delete(request.path_params["service_id"])
        return no_content()

    def _all(self, request: Request) -> list[dict[str, Any]]:
        """Render all services: first those of this process, then those that admins added."""
        base_url = base_url_of(request.scope)
        added = [render_service(each, base_url) for each in self.directory.services.values()]
        return render_own_services(base_url) + added
