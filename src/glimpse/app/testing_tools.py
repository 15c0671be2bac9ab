"""middleware_for_tests: the request log and the faults, in front of all APIs."""

from collections.abc import Callable
from functools import partial

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

from glimpse.app.components import Components
from glimpse.app.compute import make_image_routes, make_server_routes
from glimpse.app.pipeline import MakeTestMiddleware
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.routes import RouteTable, split_version_root
from glimpse.control.control_api import ControlTools
from glimpse.faults.middleware import FaultMiddleware
from glimpse.http.mounted_apis import with_single_slashes
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.service_urls import IDENTITY_PATH, IMAGE_PATH
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api.routes import identity_routes, operation_name
from glimpse.image_api.routes import find_operation
from glimpse.settings import Settings

_FindOperation = Callable[[str, str], str]  # of a method, and of a path in its service


def middleware_for_tests(tools: ControlTools) -> MakeTestMiddleware:
    """Return a function that wraps an application in a request log and the faults of `tools`.

    The request log is the outer one, so that it has requests with faults, too.
    """
    identity_operations = _IdentityOperations()

    def wrap(
        app: ASGIApp, settings: Settings, components: Components, in_progress: RequestsInProgress
    ) -> ASGIApp:
        identify = _Operations(settings, components, identity_operations).identify
        faulty = FaultMiddleware(app, tools.faults, identify, components.identity, in_progress)
        return tools.log.middleware(faulty)

    return wrap


class _Operations:
    """Finds the operation that a request calls, before the API handles the request.

    The token of the request is not needed.
    """

    def __init__(
        self,
        settings: Settings,
        components: Components,
        identity_operations: "_IdentityOperations",
    ) -> None:
        # Only the names of the routes matter here, not the policy rules.
        image_routes = make_image_routes(settings, components, ComputePolicy(None))
        server_routes = make_server_routes(settings, components, None)
        tables = [image_routes, *([] if server_routes is None else [server_routes])]
        find: dict[str, _FindOperation] = {"compute": _operation_finder(tables)}
        if components.image_api is not None:
            find["image"] = find_operation
        if isinstance(components.identity, EmbeddedIdentity):
            find["identity"] = partial(identity_operations.find, components.identity)
        self._find = find
        self._prefixes = {"image": IMAGE_PATH, "identity": IDENTITY_PATH}
        server = settings.server
        self._ports = {server.image_port: "image", server.identity_port: "identity"}

    def identify(self, scope: Scope) -> tuple[str, str, str]:
        """Return the service, the name of the operation and the path for a request.

        The service is ``compute``, ``image`` or ``identity``, and the path is the one within the
        service. The name is ``other`` for an unknown operation, and for an operation of Compute
        that is not implemented. Any other name is the one that metrics use.
        """
        path = with_single_slashes(scope["path"])
        server = scope.get("server")
        service = self._ports.get(server[1], "compute") if server else "compute"
        if service == "compute":
            for name, prefix in self._prefixes.items():
                if name in self._find and (path == prefix or path.startswith(f"{prefix}/")):
                    service, path = name, path.removeprefix(prefix) or "/"
        if service == "compute":  # whose API gets the path as the client sent it
            path = scope["path"]
        return service, self._find[service](scope["method"], path), path


def _operation_finder(tables: list[RouteTable]) -> _FindOperation:
    """Return a function that finds operations of the Compute API by method and path.

    The function returns the operation's name; ``other`` if no route of `tables` matches.
    """

    def find(method: str, path: str) -> str:
        version_root, below = split_version_root(path)
        found = (table.match(method, version_root, below) for table in tables)
        return next((match.route.name for match in found if match is not None), "other")

    return find


class _IdentityOperations:
    """Finds the operations of the Identity API.

    The first call of `find` builds the routes, which takes 7 ms; later calls use the same routes.
    """

    def __init__(self) -> None:
        self._routes: list[Route] | None = None

    def find(self, identity: EmbeddedIdentity, method: str, path: str) -> str:
        """Return the name of the operation that a request calls; ``other`` if it is unknown.

        `path` is the path in the Identity API; a slash at its end is ignored. Only the first call
        uses `identity`, to build the routes. The names do not depend on it.
        """
        if self._routes is None:
            self._routes = identity_routes(identity)
        scope = {"type": "http", "method": method, "path": path.rstrip("/") or "/", "root_path": ""}
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return operation_name(route.endpoint)
        return "other"
