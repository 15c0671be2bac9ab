"""EndpointHandlers: list, show, create, update and delete the endpoints of the catalog."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of, service_urls_of
from glimpse.identity.embedded.endpoints import Endpoints
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import parse_changes, parse_new_object
from glimpse.identity_api.documents.catalog import (
    own_catalog_ids,
    render_endpoint,
    render_own_endpoints,
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

_LIST = ListRules(
    ("interface", "service_id", "region_id"),
    {"interface": schemas.ENDPOINT.attributes["interface"]},
)


class EndpointHandlers(IdentityHandlers):
    """The handlers of ``/v3/endpoints``.

    All handlers raise Forbidden if the caller may not perform the operation. The endpoints of this
    process are listed and shown, but cannot be changed or deleted.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._endpoints = Endpoints(identity.identity_file, own_catalog_ids(identity.region_name))

    async def list_endpoints(self, request: Request) -> Response:
        """List the endpoints that match the query, sorted by id, or one page of them.

        The query may filter by ``interface``, ``service_id`` and ``region_id``; ``limit`` and
        ``marker`` choose the page. The list includes the endpoints of this process. Raises
        Forbidden if the caller may not list endpoints, BadRequest for an invalid parameter, and
        NotFound for an unknown ``marker``. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "list_endpoints")
        return list_response(request, "endpoints", self._all(request), _LIST)

    async def show_endpoint(self, request: Request) -> Response:
        """Show an endpoint.

        Raises Forbidden if the caller may not see endpoints, and NotFound if the endpoint does not
        exist. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "get_endpoint")
        return show_response("endpoint", self._all(request), request.path_params["endpoint_id"])

    async def create_endpoint(self, request: Request) -> Response:
        """Create an endpoint, and respond 201.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not create endpoints.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Endpoints.create`, such as BadRequest for an unknown service.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.ENDPOINT)
        policy.check(session, "create_endpoint")
        made = await self._endpoints.create(values)
        return json_response({"endpoint": render_endpoint(made, base_url_of(request.scope))}, 201)

    async def update_endpoint(self, request: Request) -> Response:
        """Change attributes of an endpoint, and show the changed endpoint.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not change endpoints.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Endpoints.update`, such as NotFound for an unknown endpoint.
        """
        session = self.authenticate(request)
        values = parse_changes(await read_json(request), schemas.ENDPOINT)
        policy.check(session, "update_endpoint")
        changed = await self._endpoints.update(request.path_params["endpoint_id"], values)
        return json_response({"endpoint": render_endpoint(changed, base_url_of(request.scope))})

    async def delete_endpoint(self, request: Request) -> Response:
        """Delete an endpoint, and respond 204.

        Raises Forbidden if the caller may not delete endpoints. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token. Raises the errors of
        `Endpoints.delete`, such as NotFound for an unknown endpoint, or Forbidden for one of this
        process.
        """
        policy.check(self.authenticate(request), "delete_endpoint")
        await self._endpoints.delete(request.path_params["endpoint_id"])
        return no_content()

    def _all(self, request: Request) -> list[dict[str, Any]]:
        """Render all endpoints: first those of this process, then those that admins added."""
        base_url = base_url_of(request.scope)
        added = [render_endpoint(each, base_url) for each in self.directory.endpoints.values()]
        urls = service_urls_of(request.scope)
        return render_own_endpoints(base_url, urls, self.identity.region_name) + added
