"""RegionHandlers: list, show, create, update and delete regions."""

import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import Region
from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.regions import Regions
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import parse_changes, parse_new_object
from glimpse.identity_api.documents.catalog import render_region
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response, no_content
from glimpse.identity_api.list_query import ListRules
from glimpse.identity_api.requests import read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(
    ("parent_region_id",),
    {"parent_region_id": schemas.REGION.attributes["parent_region_id"]},
    is_strict=True,
)


class RegionHandlers(IdentityHandlers):
    """The handlers of ``/v3/regions``.

    Every caller with a valid token may list and show regions. Only admins may create, change and
    delete regions, with a token for a project or the system.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._regions = Regions(identity.identity_file, identity.region_name)

    async def list_regions(self, request: Request) -> Response:
        """List the regions that match the query, sorted by id.

        The region of this process is listed, too. The query may have only the parameter
        ``parent_region_id``. Raises BadRequest for any other parameter, also ``limit`` and
        ``marker``, and for an invalid value. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "list_regions")
        base_url = base_url_of(request.scope)
        entries = [render_region(each, base_url) for each in self._all().values()]
        return list_response(request, "regions", entries, _LIST)

    async def show_region(self, request: Request) -> Response:
        """Show a region.

        Raises NotFound if the region does not exist. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        policy.check(self.authenticate(request), "get_region")
        region_id = request.path_params["region_id"]
        region = self._all().get(region_id)
        if region is None:
            raise NotFound(f"Could not find region: {region_id}.")
        return json_response({"region": render_region(region, base_url_of(request.scope))})

    async def create_region(self, request: Request) -> Response:
        """Create a region, and respond 201.

        The region gets the id in the body. If the body has no id, or an id that is null or empty,
        the region gets a new id. Raises BadRequest for an invalid body, and Forbidden if the caller
        is not an admin or has a token for a domain. Raises the errors of `authenticate` and
        `read_json`, such as Unauthorized for an invalid token. Raises the errors of
        `Regions.create`, such as Conflict if the region exists.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.REGION)
        policy.check(session, "create_region")
        return await self._create(request, values.get("id") or uuid.uuid4().hex, values)

    async def put_region(self, request: Request) -> Response:
        """Create the region with the id in the path, and respond 201.

        Raises BadRequest for an invalid body, or if the id in the body is null or differs from the
        path. Raises Forbidden if the caller is not an admin or has a token for a domain. Raises the
        errors of `authenticate` and `read_json`, such as Unauthorized for an invalid token. Raises
        the errors of `Regions.create`, such as Conflict if the region exists (as in Keystone).
        """
        session, region_id = self.authenticate(request), request.path_params["region_id"]
        values = parse_new_object(await read_json(request), schemas.REGION)
        policy.check(session, "create_region")
        if values.get("id", region_id) != region_id:
            raise BadRequest("The body has another id than the path.")
        return await self._create(request, region_id, values)

    async def update_region(self, request: Request) -> Response:
        """Change attributes of a region, and show the changed region.

        Raises BadRequest for an invalid body, and Forbidden if the caller is not an admin or has a
        token for a domain. Raises the errors of `authenticate` and `read_json`, such as
        Unauthorized for an invalid token. Raises the errors of `Regions.update`, such as NotFound
        for an unknown region.
        """
        session = self.authenticate(request)
        values = parse_changes(await read_json(request), schemas.REGION)
        policy.check(session, "update_region")
        changed = await self._regions.update(request.path_params["region_id"], values)
        return json_response({"region": render_region(changed, base_url_of(request.scope))})

    async def delete_region(self, request: Request) -> Response:
        """Delete a region and all regions below it, and respond 204.

        Raises Forbidden if the caller is not an admin or has a token for a domain. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token. Raises the errors of
        `Regions.delete`, such as NotFound for an unknown region, or Forbidden if one of the regions
        has endpoints.
        """
        policy.check(self.authenticate(request), "delete_region")
        await self._regions.delete(request.path_params["region_id"])
        return no_content()

    async def _create(
        self, request: Request, region_id: str, values: Mapping[str, Any]
    ) -> Response:
        made = await self._regions.create(region_id, values)
        return json_response({"region": render_region(made, base_url_of(request.scope))}, 201)

    def _all(self) -> dict[str, Region]:
        """Return all regions by id: those of the directory, and the region of this process.

        The region of this process replaces a region of the directory with the same id.
        """
        own = self.identity.region_name
        return {**self.directory.regions, own: Region(own)}
