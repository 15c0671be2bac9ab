"""The Image API v2 as an ASGI application: its paths, and the handler of each method."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.request_scope import base_url_of, service_urls_of
from glimpse.identity import Identity, RequestTarget
from glimpse.image_api import unsupported_routes
from glimpse.image_api.faults import HANDLED, MethodNotAllowed, fault_response
from glimpse.image_api.handlers import (
    image_data,
    images,
    imports,
    locations,
    members,
    schemas,
    stores,
    tags,
    tasks,
    usage,
)
from glimpse.image_api.image_request import Handler, ImageRequest
from glimpse.image_api.request_parsing import has_body
from glimpse.image_api.responses import json_response
from glimpse.image_api.version_discovery import versions_document, without_minor_version
from glimpse.images.errors import Invalid
from glimpse.telemetry.request_context import current_context


def image_api(service: EmbeddedImageService, identity: Identity) -> ASGIApp:
    """Return the Image API of `service` as an ASGI application, which may be mounted anywhere.

    `identity` authenticates callers. The caller of this function closes `service` and `identity`.
    Errors in HANDLED become responses with the Image service's status codes and messages. Other
    errors become a 500 if no response has started, and are then raised. An unknown path below
    ``/v2`` needs a token, and then gets a 404. Any other unknown path gets a 300 with the API's
    versions. The scope of a request must have ``glimpse.base_url``, the URL at which the client
    reached this API, and ``glimpse.service_urls``.
    """

    async def error_response(request: Request, error: Exception) -> Response:
        return fault_response(
            request, error, identity.challenge(service_urls_of(request.scope).identity)
        )

    routes = [
        Route(path, ResourceEndpoint(path, methods, service, identity))
        for path, methods in (*_ROUTES, *unsupported_routes.ROUTES)
    ]
    routes += [Route(path, VersionsEndpoint(status)) for path, status in _VERSIONS]
    unknown = "/v2/{rest:path}"  # 401 without a token, like all paths of this version
    routes.append(Route(unknown, ResourceEndpoint(unknown, {}, service, identity)))
    # For any other path, the response names the versions that exist.
    routes.append(Route("/{rest:path}", VersionsEndpoint(HTTPStatus.MULTIPLE_CHOICES)))
    app = Starlette(routes=routes, exception_handlers=dict.fromkeys(HANDLED, error_response))
    app.router.redirect_slashes = False

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": _plain_path(scope["path"], scope.get("root_path", ""))}
        await app(scope, receive, send)

    return application


def find_operation(method: str, path: str, root: str = "") -> str:
    """Return the name of the operation that a request calls, such as ``image.list_images``.

    Returns ``other`` if no operation has the method and the path. `root` is the path at which the
    API is mounted (``/image``).
    """
    path = _plain_path(path, root).removeprefix(root)
    for template, methods in _ROUTES:
        if method in methods and compile_path(template)[0].match(path):
            return f"image.{methods[method].__name__}"
    return "other"


def _plain_path(path: str, root: str) -> str:
    """Normalize the path of a request; `root` is where the API is mounted (``/image``).

    Repeated slashes become one, as in the Image service. If the path is only `root`, a slash is
    added. If ``/v2.17`` or another version of the API follows `root`, it becomes ``/v2``.
    ``/v2/v2/`` becomes ``/v2/``: glanceclient appends ``/v2`` even to an endpoint that ends in it.
    """
    while "//" in path:
        path = path.replace("//", "/")
    if path == root:
        return path + "/"
    path = root + without_minor_version(path.removeprefix(root))
    if path.startswith(f"{root}/v2/v2/"):
        return root + path.removeprefix(f"{root}/v2")
    return path


class ResourceEndpoint:
    """The ASGI application of one path: authenticates, then calls the method's handler.

    For logs and metrics, the request context gets the caller, and just before the handler's call
    the operation. The first of these errors that applies is raised:

    - Unauthorized for a missing or invalid token;
    - IdentityUnavailable if a token cannot be checked;
    - HTTPException if the path has no handler for any method, or if the path is in _ONLY_GET and
      the method is not GET. The status code is 404, or 501 if the method is not in _METHODS;
    - MethodNotAllowed if any other path has no handler for the method;
    - Invalid if the request has a body, but `_may_have_body` is False for the method and path;
    - the errors of the handler.
    """

    def __init__(
        self,
        path: str,
        methods: dict[str, Handler],
        service: EmbeddedImageService,
        identity: Identity,
    ) -> None:
        self._path = path
        self._methods = methods
        self._service = service
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, and send the response. Raises the errors that the class lists."""
        request = Request(scope, receive, send)
        headers = request.headers
        path = scope["path"].removeprefix(scope["root_path"])
        caller = await self._identity.authenticate(
            headers.get("x-auth-token"),
            headers.get("x-service-token"),
            RequestTarget("image", request.method, path),
        )
        context = current_context.get()
        context.caller = caller
        handler = self._methods.get(request.method)
        if handler is None and (not self._methods or self._path in _ONLY_GET):
            is_known = request.method in _METHODS
            raise HTTPException(HTTPStatus.NOT_FOUND if is_known else HTTPStatus.NOT_IMPLEMENTED)
        if handler is None:
            raise MethodNotAllowed(", ".join(self._methods))
        if has_body(request) and not _may_have_body(request.method, self._path):
            raise Invalid("A body is not expected with this request.")
        context.operation = f"image.{handler.__name__}"
        response = await handler(ImageRequest(self._service, caller, request))
        await response(scope, receive, send)


_USAGE = "/v2/info/usage"
_TASKS_OF_IMAGE = "/v2/images/{image_id}/tasks"
_ONLY_GET = (_USAGE, _TASKS_OF_IMAGE)  # the Image service has no such path for other methods
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _may_have_body(method: str, path: str) -> bool:
    """Return True if a request may have a body, even a body that is ignored.

    `path` is the template of a route, such as ``/v2/images/{image_id}``. GET and DELETE may have a
    body only on the routes in _BODY_IGNORED. Other methods may have a body on all routes except
    those in _WITHOUT_BODY. The Image service has the same rules.
    """
    if method in ("GET", "DELETE"):
        return path in _BODY_IGNORED
    return not path.startswith(_WITHOUT_BODY)


_BODY_IGNORED = frozenset(
    (
        *("/v2/images", "/v2/images/{image_id}/locations", "/v2/tasks", "/v2/tasks/{task_id}"),
        *(path for path, _ in unsupported_routes.ROUTES),
    )
)
_WITHOUT_BODY = ("/v2/images/{image_id}/actions/", "/v2/images/{image_id}/tags/")


class VersionsEndpoint:
    """The ASGI application that responds with the API's versions and the status code `status`.

    Requests may have any method, as in the Image service.
    """

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to an HTTP request. No token is needed; path and body are ignored."""
        document = versions_document(base_url_of(scope))
        await json_response(document, status=self._status)(scope, receive, send)


# Clients discover versions without a token. They request the root, or the endpoint in the service
# catalog, which may end in /v2; the glance command appends /versions to it.
_VERSIONS = [
    *(("/", 300), ("/versions", 200), ("/versions/{rest:path}", 200)),
    *(("/v2", 300), ("/v2/", 300), ("/v2/versions", 200)),
]

_ROUTES: list[tuple[str, dict[str, Handler]]] = [
    ("/v2/images", {"GET": images.list_images, "POST": images.create_image}),
    (
        "/v2/images/{image_id}",
        {
            "GET": images.show_image,
            "PATCH": images.update_image,
            "DELETE": images.delete_image,
        },
    ),
    (
        "/v2/images/{image_id}/file",
        {"GET": image_data.download_data, "PUT": image_data.upload_data},
    ),
    ("/v2/images/{image_id}/stage", {"PUT": imports.stage_data}),
    ("/v2/images/{image_id}/import", {"POST": imports.import_data}),
    (_TASKS_OF_IMAGE, {"GET": imports.list_image_tasks}),
    (
        "/v2/images/{image_id}/locations",
        {"GET": locations.list_locations, "POST": locations.add_location},
    ),
    (_USAGE, {"GET": usage.show_usage}),
    ("/v2/info/stores", {"GET": stores.list_stores}),
    ("/v2/info/stores/detail", {"GET": stores.list_stores_in_detail}),
    ("/v2/stores/{store_id}/{image_id}", {"DELETE": stores.delete_from_store}),
    ("/v2/info/import", {"GET": imports.show_import_methods}),
    ("/v2/tasks", {"GET": tasks.list_tasks, "POST": tasks.create_task}),
    ("/v2/tasks/{task_id}", {"GET": tasks.show_task, "DELETE": tasks.delete_task}),
    ("/v2/images/{image_id}/actions/deactivate", {"POST": images.deactivate_image}),
    ("/v2/images/{image_id}/actions/reactivate", {"POST": images.reactivate_image}),
    ("/v2/images/{image_id}/tags/{tag}", {"PUT": tags.add_tag, "DELETE": tags.remove_tag}),
    (
        "/v2/images/{image_id}/members",
        {"GET": members.list_members, "POST": members.add_member},
    ),
    (
        "/v2/images/{image_id}/members/{member_id}",
        {
            "GET": members.show_member,
            "PUT": members.set_member_status,
            "DELETE": members.remove_member,
        },
    ),
    ("/v2/schemas/image", {"GET": schemas.image_schema}),
    ("/v2/schemas/images", {"GET": schemas.images_schema}),
    ("/v2/schemas/member", {"GET": schemas.member_schema}),
    ("/v2/schemas/members", {"GET": schemas.members_schema}),
    ("/v2/schemas/task", {"GET": tasks.task_schema}),
    ("/v2/schemas/tasks", {"GET": tasks.tasks_schema}),
]

OPERATION_NAMES = frozenset(
    f"image.{handler.__name__}" for _, methods in _ROUTES for handler in methods.values()
)
