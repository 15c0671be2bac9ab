"""VersionHandlers: discovery of the versions of the Identity API."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity_api.documents.versions import render_version
from glimpse.identity_api.responses import json_response


class VersionHandlers:
    """The handlers of version discovery, which needs no token."""

    async def versions(self, request: Request) -> Response:
        """List the only version, and respond 300, as in Keystone.

        ``Location`` has the URL of the version.
        """
        base_url = base_url_of(request.scope)
        location = {"Location": f"{base_url}/v3/"}
        return json_response({"versions": {"values": [render_version(base_url)]}}, 300, location)

    async def version(self, request: Request) -> Response:
        """Show the only version, v3.14."""
        return json_response({"version": render_version(base_url_of(request.scope))})
