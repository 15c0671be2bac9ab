"""Handlers of the operations on servers and flavors that `compute.servers.routes` lists."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import orjson

from glimpse.compute.faults import Fault
from glimpse.compute.links import LinkBases
from glimpse.compute.metadata import check_count
from glimpse.compute.next_link import NextLink
from glimpse.compute.request import Request
from glimpse.compute.responses import Response
from glimpse.compute.servers import views
from glimpse.compute.servers.bodies import (
    check_not_reserved,
    parse_create_image,
    parse_create_server,
)
from glimpse.compute.servers.flavor_query import parse_flavor_list_request
from glimpse.compute.servers.list_query import ListPermissions, parse_server_list_request
from glimpse.compute.servers.policy import ServerPolicy, ServerRule, check_has_project
from glimpse.servers.errors import FlavorNotFound
from glimpse.servers.server import Flavor, Server
from glimpse.servers.service import ServerService

_METADATA_UNCHECKED = 39  # from microversion 2.39, createImage counts no metadata items
_IMAGE_ID_IN_BODY = 45  # from microversion 2.45

_Entry = TypeVar("_Entry", Server, Flavor)


class ServerOperations:
    """The handlers of all operations on servers and flavors.

    Each handler takes a request that `ComputeAPI` has checked, and returns the response. If the
    operation fails, the handler raises Fault, ServerError or an error of `images.errors`, such as
    Unavailable. A handler of servers raises a 403 fault if `policy` does not allow the operation to
    the caller, or if the caller has no project. Every caller may list and show flavors.

    `metadata_items` is the highest number of metadata items that a server may have. Before
    microversion 2.39, the same number limits the items of a snapshot.
    """

    def __init__(
        self, servers: ServerService, policy: ServerPolicy, *, metadata_items: int
    ) -> None:
        self._servers = servers
        self._policy = policy
        self._metadata_items = metadata_items

    async def list_servers(self, request: Request) -> Response:
        """Handle ``GET /servers``: a list of ids, names and links.

        Raises a 400 or 403 fault for a query that is not valid or not allowed (see
        `parse_server_list_request`). Raises ServerMarkerNotFound if the marker is the id of no
        server that the caller may list.
        """
        self._policy.check(request.caller, ServerRule.INDEX)
        return await self._list(
            request,
            "/servers",
            ServerRule.INDEX_ALL_PROJECTS,
            lambda server: views.basic_view(server, request.link_bases),
        )

    async def list_servers_detail(self, request: Request) -> Response:
        """Handle ``GET /servers/detail``: full documents.

        Attributes that only admins see by default are shown as the policy says. Raises the same
        errors as `list_servers`.
        """
        self._policy.check(request.caller, ServerRule.DETAIL)
        minor, shown = _minor(request), self._admin_attributes(request)
        return await self._list(
            request,
            "/servers/detail",
            ServerRule.DETAIL_ALL_PROJECTS,
            lambda server: views.detail_view(
                server, request.link_bases, minor, shown, is_list=True
            ),
        )

    def _admin_attributes(self, request: Request) -> views.AdminAttributes:
        """Return which admin-only attributes of servers the policy shows to the caller.

        The rules are evaluated for the caller's own project, also if another project has a server.
        """
        return views.AdminAttributes(
            host_status=self._policy.allows(request.caller, ServerRule.SHOW_HOST_STATUS),
            extended_server=self._policy.allows(request.caller, ServerRule.SHOW_EXTENDED),
        )

    async def _list(
        self,
        request: Request,
        path: str,
        all_projects: ServerRule,
        view: Callable[[Server], object],
    ) -> Response:
        """Respond with the servers that the request's query finds, each rendered by `view`.

        `path` is the operation's path, such as ``/servers``, for the link to the next page. The
        rule `all_projects` decides whether the caller may list the servers of all projects. Raises
        the errors of `list_servers`. `view` runs in a thread.
        """
        permissions = ListPermissions(
            all_filters=self._policy.allows(request.caller, ServerRule.ALL_FILTERS),
            check_all_projects=partial(self._policy.check, request.caller, all_projects),
        )
        found = parse_server_list_request(
            request.query_string, request.caller, _minor(request), permissions
        )
        page = await self._servers.list_servers(request.caller, found.query)
        last_id = page.servers[-1].id if page.has_more and page.servers else None
        next_link = _next_link(request, path, found.parameters, last_id)
        # A page of 1,000 servers takes 20 ms, for which other requests would wait.
        body = await asyncio.to_thread(_render_page, "servers", page.servers, view, next_link)
        return Response(200, body)

    async def show_server(self, request: Request) -> Response:
        """Handle ``GET /servers/{id}``: the full document of a server.

        Attributes that only admins see by default are shown as the policy says. Raises
        ServerNotFound if there is no such server or the caller may not see the server.
        """
        server = await self._find(request, ServerRule.SHOW)
        document = views.detail_view(
            server, request.link_bases, _minor(request), self._admin_attributes(request)
        )
        return Response(200, orjson.dumps({"server": document}))

    async def create_server(self, request: Request) -> Response:
        """Handle ``POST /servers``: make a server; 202 with the server's id and a password.

        The password is random, and has no effect. The header Location has the server's URL.

        The first error that applies is raised:

        - a 400 fault for an invalid body, a 501 fault for several servers or a volume;
        - a 403 fault if the policy does not allow the operation, or for too many metadata items;
        - BaseImageNotFound or BaseImageNotActive for the image, a 400 fault for an unknown flavor;
        - TooManyServers if the project may have no more servers.
        """
        new = parse_create_server(request.body, _minor(request), is_legacy=request.is_legacy)
        self._policy.check(request.caller, ServerRule.CREATE)
        if len(new.metadata) > self._metadata_items:
            raise Fault(403, f"Maximum number of metadata items exceeds {self._metadata_items}")
        try:
            server = await self._servers.create_server(request.caller, new)
        except FlavorNotFound as error:
            raise Fault(400, str(error)) from None
        links = request.link_bases.server_links(server.id)
        document = {
            "id": server.id,
            "links": links,
            "OS-DCF:diskConfig": "MANUAL",
            "security_groups": [{"name": "default"}],
            "adminPass": secrets.token_urlsafe(9),
        }
        location = (b"location", links[0]["href"].encode())
        return Response(202, orjson.dumps({"server": document}), [location])

    async def delete_server(self, request: Request) -> Response:
        """Handle ``DELETE /servers/{id}``: delete a server, respond with 204.

        The image of an unfinished snapshot is deleted in the background, unless its data is being
        stored already. Raises ServerNotFound if the caller sees no such server.
        """
        server = await self._find(request, ServerRule.DELETE)
        await self._servers.delete_server(request.caller, server.id)
        return Response(204)

    async def run_action(self, request: Request) -> Response:
        """Handle ``POST /servers/{id}/action``: start a snapshot and respond with 202.

        The only action is createImage. Before microversion 2.45, the header Location has the
        image's URL in the Image API. From 2.45 on, the body has the image's id instead.

        The first error that applies is raised:

        - a 400 fault for an invalid body, a 501 fault for another action of Compute;
        - a 403 fault without a project, ServerNotFound if the caller sees no such server;
        - a 403 fault if the policy does not allow the operation;
        - a 403 fault for a reserved metadata key or, before 2.39, for too many metadata items;
        - an error of `ServerService.create_image`, such as WrongState.
        """
        name, metadata = parse_create_image(request.body, is_legacy=request.is_legacy)
        server = await self._find(request, ServerRule.CREATE_IMAGE)
        minor = _minor(request)
        if minor < _METADATA_UNCHECKED:
            check_count(len(metadata), self._metadata_items)
        check_not_reserved(metadata)
        image_id = await self._servers.create_image(request.caller, server.id, name, metadata)
        if minor >= _IMAGE_ID_IN_BODY:
            return Response(202, orjson.dumps({"image_id": image_id}))
        url = f"{request.link_bases.image_service}/images/{image_id}"
        return Response(202, None, [(b"location", url.encode())])

    async def _find(self, request: Request, rule: ServerRule) -> Server:
        """Return the server in the path. `rule` is the policy rule of the operation.

        The first error that applies is raised: a 403 fault if the caller has no project;
        ServerNotFound if there is no such server or the caller may not see the server; a 403 fault
        if `rule` does not allow the operation to the caller.
        """
        check_has_project(request.caller)
        server = await self._servers.get_server(request.caller, request.resource_id)
        self._policy.check(request.caller, rule, server)
        return server

    async def list_flavors(self, request: Request) -> Response:
        """Handle ``GET /flavors``: a list of ids, names and links.

        Raises a 400 fault for a query that is not valid, or if no flavor has the marker's name.
        """
        return await self._list_flavors(request, "/flavors", views.basic_flavor_view)

    async def list_flavors_detail(self, request: Request) -> Response:
        """Handle ``GET /flavors/detail``: full documents.

        Raises the same errors as `list_flavors`.
        """
        return await self._list_flavors(request, "/flavors/detail", views.flavor_view)

    async def _list_flavors(
        self, request: Request, path: str, view: Callable[[Flavor, LinkBases, int], object]
    ) -> Response:
        """Respond with the flavors that the request's query finds, each rendered by `view`.

        `path` is the operation's path, such as ``/flavors``, for the link to the next page. Raises
        the errors of `list_flavors`. `view` runs in a thread.
        """
        link_bases, minor = request.link_bases, _minor(request)
        found = parse_flavor_list_request(request.query_string, request.caller, minor)
        flavors = await self._servers.list_flavors()

        def render() -> bytes:
            page = found.query.select_page(flavors)
            last_name = page.flavors[-1].name if page.has_more and page.flavors else None
            return _render_page(
                "flavors",
                page.flavors,
                lambda flavor: view(flavor, link_bases, minor),
                _next_link(request, path, found.parameters, last_name),
            )

        return Response(200, await asyncio.to_thread(render))

    async def show_flavor(self, request: Request) -> Response:
        """Handle ``GET /flavors/{id}``: the full document of a flavor.

        Raises FlavorNotFound if no flavor has the id.
        """
        flavor = await self._find_flavor(request.resource_id)
        document = views.flavor_view(flavor, request.link_bases, _minor(request))
        return Response(200, orjson.dumps({"flavor": document}))

    async def _find_flavor(self, flavor_id: str) -> Flavor:
        for flavor in await self._servers.list_flavors():
            if flavor.name == flavor_id:
                return flavor
        raise FlavorNotFound(flavor_id)


def _next_link(
    request: Request, path: str, parameters: tuple[tuple[str, str], ...], last_id: str | None
) -> list[dict[str, str]] | None:
    """Return the link to the page after the entry `last_id`; None if `last_id` is None.

    `path` is the operation's path, such as ``/servers``. `parameters` are those of the query.
    """
    if last_id is None:
        return None
    return NextLink(request.link_bases.versioned + path, parameters).render(last_id)


def _render_page(
    collection: str,
    entries: Sequence[_Entry],
    view: Callable[[_Entry], object],
    next_link: list[dict[str, str]] | None,
) -> bytes:
    """Return the JSON document of a page: `entries`, each rendered by `view`.

    `collection` is ``servers`` or ``flavors``. `next_link` leads to the next page; None, on the
    last page, leaves the link out.
    """
    document: dict[str, object] = {collection: [view(entry) for entry in entries]}
    if next_link is not None:
        document[f"{collection}_links"] = next_link
    return orjson.dumps(document)


def _minor(request: Request) -> int:
    """Return the minor version of the request; 1 below ``/v2``, which has no microversions."""
    return request.microversion.minor if request.microversion is not None else 1
