"""The routes of the Identity API v3, mounted at ``/identity``: the path of each handler."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.service import Unauthorized
from glimpse.identity_api import resources
from glimpse.identity_api.handlers import Handlers, ResourceHandlers
from glimpse.identity_api.responses import EXCEPTION_HANDLERS
from glimpse.telemetry.request_context import current_context


def identity_api(identity: EmbeddedIdentity) -> ASGIApp:
    """Make the ASGI application that serves the Identity API of `identity`. Closes nothing.

    Each scope must have ``glimpse.base_url``, the URL at which the client reached this process; and
    it may have ``glimpse.client``, the client's IP address.
    """
    handlers = Handlers(identity)
    read = ["GET", "HEAD"]
    credentials = "/v3/users/{user_id}/application_credentials"
    routes = [
        Route("/", handlers.versions, methods=read),
        Route("/v3", handlers.version, methods=read),
        Route("/v3/auth/tokens", handlers.issue, methods=["POST"]),
        Route("/v3/auth/tokens", handlers.validate, methods=read),
        Route("/v3/auth/tokens", handlers.revoke, methods=["DELETE"]),
        Route("/v3/auth/projects", handlers.projects, methods=read),
        Route("/v3/auth/domains", handlers.domains, methods=read),
        Route("/v3/auth/system", handlers.system, methods=read),
        Route("/v3/auth/catalog", handlers.catalog, methods=read),
        Route(credentials, handlers.list_credentials, methods=read),
        Route(credentials, handlers.create_credential, methods=["POST"]),
        Route(credentials + "/{credential_id}", handlers.show_credential, methods=read),
        Route(credentials + "/{credential_id}", handlers.delete_credential, methods=["DELETE"]),
        Route("/v3/users/{user_id}/projects", handlers.projects_of, methods=read),
    ]
    for kind in resources.RESOURCE_KINDS:
        resource = ResourceHandlers(handlers, kind)
        routes.append(Route(f"/v3/{kind}", resource.list_resources, methods=read))
        routes.append(Route(f"/v3/{kind}/{{resource_id}}", resource.show_resource, methods=read))
    app = Starlette(
        routes=routes,
        exception_handlers={**EXCEPTION_HANDLERS, Unauthorized: handlers.unauthorized},
    )
    app.router.redirect_slashes = False
    return _strip_slashes(app)


def _strip_slashes(app: ASGIApp) -> ASGIApp:
    """Wrap `app`: ignore slashes at the end of a path, and set the request's operation.

    The operation in logs and metrics is the handler's, as ``identity.issue``, or identity.other.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        root_path = scope.get("root_path", "")
        path = scope["path"].rstrip("/")
        scope = {**scope, "path": path if path != root_path else root_path + "/"}
        try:
            await app(scope, receive, send)
        finally:
            name = getattr(scope.get("endpoint"), "__name__", "other")
            current_context.get().operation = f"identity.{name}"

    return wrapped
