"""The routes of servers and flavors, for clouds that have servers."""

from collections.abc import Awaitable, Callable

from glimpse.compute.faults import Fault
from glimpse.compute.request import Request
from glimpse.compute.responses import Response
from glimpse.compute.routes import Handler, Route, RouteTable
from glimpse.compute.servers.operations import ServerOperations
from glimpse.servers import errors

# The first row that matches a request is used, as in `compute.image_routes`.
_ROUTES = (
    ("GET", "/servers", ServerOperations.list_servers),
    ("POST", "/servers", ServerOperations.create_server),
    ("GET", "/servers/detail", ServerOperations.list_servers_detail),
    ("GET", "/servers/{id}", ServerOperations.show_server),
    ("DELETE", "/servers/{id}", ServerOperations.delete_server),
    ("POST", "/servers/{id}/action", ServerOperations.run_action),
    ("GET", "/flavors", ServerOperations.list_flavors),
    ("GET", "/flavors/detail", ServerOperations.list_flavors_detail),
    ("GET", "/flavors/{id}", ServerOperations.show_flavor),
)
OPERATION_NAMES = frozenset(handle.__name__ for _, _, handle in _ROUTES)
_STATUSES: dict[type[errors.ServerError], int] = {
    errors.ServerNotFound: 404,
    errors.FlavorNotFound: 404,
    errors.ServerMarkerNotFound: 400,
    errors.BaseImageNotFound: 400,
    errors.BaseImageNotActive: 400,
    errors.WrongState: 409,
    errors.TooManyServers: 403,
    errors.NotImplementedHere: 501,
}


def server_routes(operations: ServerOperations) -> RouteTable:
    """Return the routes of servers and flavors; `operations` has their handlers."""
    return RouteTable(
        Route(method, path, _handler(operations, handle)) for method, path, handle in _ROUTES
    )


def _handler(
    operations: ServerOperations,
    handle: Callable[[ServerOperations, Request], Awaitable[Response]],
) -> Handler:
    """Return a handler for a route that calls `handle`, a method of `operations`.

    The handler has the name of `handle`. In place of a ServerError, the handler raises a Fault with
    the status in _STATUSES and the message of the error. Other errors are raised unchanged.
    """

    async def handler(request: Request) -> Response:
        try:
            return await handle(operations, request)
        except errors.ServerError as error:
            raise Fault(_STATUSES[type(error)], str(error)) from None

    handler.__name__ = handle.__name__
    return handler
