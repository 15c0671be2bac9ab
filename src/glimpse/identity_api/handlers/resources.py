"""ResourceHandlers: list and show projects, users, roles, the catalog and others."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api import resources
from glimpse.identity_api.documents.common import render_collection
from glimpse.identity_api.handlers.base import IdentityHandlers
from glimpse.identity_api.responses import json_response


class ResourceHandlers(IdentityHandlers):
    """The handlers that list and show one kind of resources, a key of RESOURCE_KINDS."""

    def __init__(self, identity: EmbeddedIdentity, kind: str) -> None:
        super().__init__(identity)
        self._kind = kind

    async def list_resources(self, request: Request) -> Response:
        """List the resources of this kind that match the query, as `resources.list_resources`.

        Raises Forbidden unless the caller is an admin, or the kind is ``regions``.
        """
        session, context = self.session(request), self.render_context(request)
        query = request.query_params.items()
        found = resources.list_resources(session, self._kind, context, query)
        url = f"{context.base_url}/v3/{self._kind}"
        return json_response(render_collection(self._kind, found, url))

    async def show_resource(self, request: Request) -> Response:
        """Show the resource with the id in the path.

        Raises Forbidden if the caller may not see it, whether it exists or not; otherwise NotFound
        if it does not exist.
        """
        session, context = self.session(request), self.render_context(request)
        resource_id = request.path_params["resource_id"]
        found = resources.show_resource(session, self._kind, context, resource_id)
        return json_response({resources.RESOURCE_KINDS[self._kind].singular: found})
