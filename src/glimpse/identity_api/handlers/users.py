"""UserHandlers: the projects of a user."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity_api import resources
from glimpse.identity_api.documents.common import render_collection
from glimpse.identity_api.handlers.base import IdentityHandlers
from glimpse.identity_api.responses import json_response


class UserHandlers(IdentityHandlers):
    """The handlers of ``/v3/users/{user_id}``."""

    async def projects_of(self, request: Request) -> Response:
        """List the enabled projects of the user in the path that match the query.

        Raises Forbidden unless the caller is that user or an admin, NotFound for an unknown user.
        """
        session, user_id = self.session(request), request.path_params["user_id"]
        query = request.query_params.items()
        found = resources.list_projects_of_user(
            session, user_id, self.render_context(request), query
        )
        url = f"{base_url_of(request.scope)}/v3/users/{user_id}/projects"
        return json_response(render_collection("projects", found, url))
