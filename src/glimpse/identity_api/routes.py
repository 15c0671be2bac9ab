"""The routes of the Identity API v3: the path of each handler.

Logins (``POST /v3/auth/tokens``), changes of one's own password, version documents and unsupported
routes need no token. The handlers of all other routes call `IdentityHandlers.authenticate`.
"""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api.handlers.access_rules import AccessRuleHandlers
from glimpse.identity_api.handlers.application_credentials import ApplicationCredentialHandlers
from glimpse.identity_api.handlers.domains import DomainHandlers
from glimpse.identity_api.handlers.endpoints import EndpointHandlers
from glimpse.identity_api.handlers.grants import GrantHandlers
from glimpse.identity_api.handlers.groups import GroupHandlers
from glimpse.identity_api.handlers.implied_roles import ImpliedRoleHandlers
from glimpse.identity_api.handlers.project_tags import ProjectTagHandlers
from glimpse.identity_api.handlers.projects import ProjectHandlers
from glimpse.identity_api.handlers.regions import RegionHandlers
from glimpse.identity_api.handlers.role_assignments import RoleAssignmentHandlers
from glimpse.identity_api.handlers.roles import RoleHandlers
from glimpse.identity_api.handlers.services import ServiceHandlers
from glimpse.identity_api.handlers.token_scopes import TokenScopeHandlers
from glimpse.identity_api.handlers.tokens import TokenHandlers
from glimpse.identity_api.handlers.users import UserHandlers
from glimpse.identity_api.handlers.versions import VersionHandlers
from glimpse.identity_api.responses import EXCEPTION_HANDLERS
from glimpse.identity_api.unsupported_routes import unsupported_routes
from glimpse.telemetry.request_context import current_context

_READ = ["GET", "HEAD"]
_CREDENTIALS = "/v3/users/{user_id}/application_credentials"


def identity_api(identity: EmbeddedIdentity) -> ASGIApp:
    """Make the ASGI application that serves the Identity API of `identity`.

    The caller closes `identity`. All ASGI scopes must be of HTTP requests. Each scope must have
    ``glimpse.base_url``, the URL at which the client reached this API, and
    ``glimpse.service_urls``, the ServiceUrls for the catalog. A scope may have ``glimpse.client``,
    the client's IP address. Slashes at the end of a path are ignored. Errors in EXCEPTION_HANDLERS
    become responses. The application raises any other error after a response 500.
    """
    app = Starlette(routes=identity_routes(identity), exception_handlers=EXCEPTION_HANDLERS)
    app.router.redirect_slashes = False
    return _ignore_trailing_slashes(_name_operations(app))


def identity_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return all routes of the Identity API, in order of precedence.

    The first route that matches a request handles the request.
    """
    return [
        *_token_routes(identity),
        *_credential_routes(identity),
        *_domain_routes(identity),
        *_project_routes(identity),
        *_user_routes(identity),
        *_catalog_routes(identity),
        *_role_routes(identity),
        *_assignment_routes(identity),
        *unsupported_routes(),
    ]


def _token_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of version discovery and of ``/v3/auth``."""
    versions, tokens = VersionHandlers(), TokenHandlers(identity)
    scopes = TokenScopeHandlers(identity)
    return [
        Route("/", versions.versions, methods=_READ),
        Route("/v3", versions.version, methods=_READ),
        Route("/v3/auth/tokens", tokens.issue, methods=["POST"]),
        Route("/v3/auth/tokens", tokens.validate, methods=_READ),
        Route("/v3/auth/tokens", tokens.revoke, methods=["DELETE"]),
        Route("/v3/auth/projects", scopes.projects, methods=_READ),
        Route("/v3/auth/domains", scopes.domains, methods=_READ),
        Route("/v3/auth/system", scopes.system, methods=_READ),
        Route("/v3/auth/catalog", scopes.show_catalog, methods=_READ),
    ]


def _domain_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of domains."""
    domains, one = DomainHandlers(identity), "/v3/domains/{domain_id}"
    return [
        Route("/v3/domains", domains.list_domains, methods=_READ),
        Route("/v3/domains", domains.create_domain, methods=["POST"]),
        Route(one, domains.show_domain, methods=_READ),
        Route(one, domains.update_domain, methods=["PATCH"]),
        Route(one, domains.delete_domain, methods=["DELETE"]),
    ]


def _project_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of projects and of their tags."""
    projects, tags = ProjectHandlers(identity), ProjectTagHandlers(identity)
    one, tag = "/v3/projects/{project_id}", "/v3/projects/{project_id}/tags/{tag}"
    return [
        Route("/v3/projects", projects.list_projects, methods=_READ),
        Route("/v3/projects", projects.create_project, methods=["POST"]),
        Route(one, projects.show_project, methods=_READ),
        Route(one, projects.update_project, methods=["PATCH"]),
        Route(one, projects.delete_project, methods=["DELETE"]),
        Route(one + "/tags", tags.list_tags, methods=_READ),
        Route(one + "/tags", tags.replace_tags, methods=["PUT"]),
        Route(one + "/tags", tags.delete_tags, methods=["DELETE"]),
        Route(tag, tags.show_tag, methods=_READ),
        Route(tag, tags.add_tag, methods=["PUT"]),
        Route(tag, tags.delete_tag, methods=["DELETE"]),
    ]


def _user_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of users, of their passwords, projects and groups, and of all groups."""
    users, one = UserHandlers(identity), "/v3/users/{user_id}"
    return [
        Route("/v3/users", users.list_users, methods=_READ),
        Route("/v3/users", users.create_user, methods=["POST"]),
        Route(one, users.show_user, methods=_READ),
        Route(one, users.update_user, methods=["PATCH"]),
        Route(one, users.delete_user, methods=["DELETE"]),
        Route(one + "/password", users.set_password, methods=["POST"]),
        Route(one + "/projects", users.list_projects_of_user, methods=_READ),
        Route(one + "/groups", users.list_groups_of_user, methods=_READ),
        Route("/v3/groups", GroupHandlers(identity).list_groups, methods=_READ),
    ]


def _catalog_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of regions, services and endpoints."""
    regions, services, endpoints = (
        RegionHandlers(identity),
        ServiceHandlers(identity),
        EndpointHandlers(identity),
    )
    region = "/v3/regions/{region_id}"
    service, endpoint = "/v3/services/{service_id}", "/v3/endpoints/{endpoint_id}"
    return [
        Route("/v3/regions", regions.list_regions, methods=_READ),
        Route("/v3/regions", regions.create_region, methods=["POST"]),
        Route(region, regions.show_region, methods=_READ),
        Route(region, regions.put_region, methods=["PUT"]),
        Route(region, regions.update_region, methods=["PATCH"]),
        Route(region, regions.delete_region, methods=["DELETE"]),
        Route("/v3/services", services.list_services, methods=_READ),
        Route("/v3/services", services.create_service, methods=["POST"]),
        Route(service, services.show_service, methods=_READ),
        Route(service, services.update_service, methods=["PATCH"]),
        Route(service, services.delete_service, methods=["DELETE"]),
        Route("/v3/endpoints", endpoints.list_endpoints, methods=_READ),
        Route("/v3/endpoints", endpoints.create_endpoint, methods=["POST"]),
        Route(endpoint, endpoints.show_endpoint, methods=_READ),
        Route(endpoint, endpoints.update_endpoint, methods=["PATCH"]),
        Route(endpoint, endpoints.delete_endpoint, methods=["DELETE"]),
    ]


def _credential_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of the application credentials and access rules of a user."""
    credentials, one = ApplicationCredentialHandlers(identity), _CREDENTIALS + "/{credential_id}"
    rules, rule = AccessRuleHandlers(identity), "/v3/users/{user_id}/access_rules/{rule_id}"
    return [
        Route(_CREDENTIALS, credentials.list_credentials, methods=_READ),
        Route(_CREDENTIALS, credentials.create_credential, methods=["POST"]),
        Route(one, credentials.show_credential, methods=_READ),
        Route(one, credentials.delete_credential, methods=["DELETE"]),
        Route("/v3/users/{user_id}/access_rules", rules.list_access_rules, methods=_READ),
        Route(rule, rules.show_access_rule, methods=_READ),
        Route(rule, rules.delete_access_rule, methods=["DELETE"]),
    ]


def _role_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of roles and of role implications."""
    roles, implied = RoleHandlers(identity), ImpliedRoleHandlers(identity)
    role, implications = "/v3/roles/{role_id}", "/v3/roles/{role_id}/implies"
    implication = implications + "/{implied_role_id}"
    return [
        Route("/v3/roles", roles.list_roles, methods=_READ),
        Route("/v3/roles", roles.create_role, methods=["POST"]),
        Route(role, roles.show_role, methods=_READ),
        Route(role, roles.update_role, methods=["PATCH"]),
        Route(role, roles.delete_role, methods=["DELETE"]),
        Route(implications, implied.list_implied_roles, methods=_READ),
        Route(implication, implied.show_implied_role, methods=_READ),
        Route(implication, implied.create_implied_role, methods=["PUT"]),
        Route(implication, implied.delete_implied_role, methods=["DELETE"]),
        Route("/v3/role_inferences", implied.list_inferences, methods=_READ),
    ]


def _assignment_routes(identity: EmbeddedIdentity) -> list[Route]:
    """Return the routes of the roles that are assigned to users."""
    grants, assignments = GrantHandlers(identity), RoleAssignmentHandlers(identity)
    routes = [Route("/v3/role_assignments", assignments.list_role_assignments, methods=_READ)]
    for scope in ("projects/{project_id}", "domains/{domain_id}", "system"):
        path = f"/v3/{scope}/users/{{user_id}}/roles"
        one = path + "/{role_id}"
        routes += [
            Route(path, grants.list_grants, methods=_READ),
            Route(one, grants.check_grant, methods=_READ),
            Route(one, grants.create_grant, methods=["PUT"]),
            Route(one, grants.revoke_grant, methods=["DELETE"]),
        ]
    return routes


def operation_name(handler: object) -> str:
    """Return the name of the operation of a handler, such as ``identity.issue``.

    `handler` is None for an unknown path, whose operation is ``identity.other``.
    """
    return f"identity.{getattr(handler, '__name__', 'other')}"


def _ignore_trailing_slashes(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that slashes at the end of a path are removed.

    For example, ``/v3/users/`` becomes ``/v3/users``. The path of the root keeps one slash.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        root_path = scope.get("root_path", "")
        path = scope["path"].rstrip("/")
        await app({**scope, "path": path if path != root_path else root_path + "/"}, receive, send)

    return wrapped


def _name_operations(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that the request context has the operation, for logs and metrics.

    The operation is ``identity.`` and the name of the handler's method, such as ``identity.issue``.
    If no route of a known path has the method of the request, the operation is that of the path's
    first route: ``DELETE /v3/users`` is ``identity.list_users``. For an unknown path, the operation
    is ``identity.other``. The operation is set when `app` returns or raises an error.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            current_context.get().operation = operation_name(scope.get("endpoint"))

    return wrapped
