"""The pipeline: composes all ASGI middleware and APIs into one ASGI application.

A request passes from the outermost middleware to the API of its port or of its path.
"""

from collections.abc import Callable
from dataclasses import asdict

from starlette.types import ASGIApp

from glimpse.app.components import Components
from glimpse.app.compute import make_compute_api
from glimpse.http.allowed_hosts import AllowedHosts, AllowedHostsMiddleware
from glimpse.http.cache_header_values import PRIVATE
from glimpse.http.cors import CorsMiddleware, CorsPolicy
from glimpse.http.health_middleware import HealthMiddleware
from glimpse.http.healthcheck import Healthcheck
from glimpse.http.metrics_middleware import MetricsMiddleware, RenderMetrics
from glimpse.http.mounted_apis import MountedApis
from glimpse.http.options_success import OptionsSuccessMiddleware
from glimpse.http.readiness import Readiness, ReadinessCheck
from glimpse.http.request_middleware import RequestMiddleware
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.response_headers import ResponseHeadersMiddleware
from glimpse.http.service_urls import IDENTITY_PATH, IMAGE_PATH, ServicePorts
from glimpse.images import PolicyRules
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.settings import Settings
from glimpse.telemetry.observer import Observer

_Middleware = Callable[[ASGIApp], ASGIApp]
# Makes middleware for tests: request logs and faults. It gets the application that it wraps.
MakeTestMiddleware = Callable[[ASGIApp, Settings, Components, RequestsInProgress], ASGIApp]
# Headers of the Identity API's 405 that its response to OPTIONS has, too.
_KEPT_OF_IDENTITY = frozenset((b"allow", b"vary", b"cache-control"))


def build_pipeline(
    settings: Settings,
    components: Components,
    rules: PolicyRules | None,
    observer: Observer,
    in_progress: RequestsInProgress,
    render_metrics: RenderMetrics | None,
    test_middleware: MakeTestMiddleware | None = None,
) -> ASGIApp:
    """Compose the middleware and the APIs into one ASGI application for HTTP requests.

    The application does not handle lifespan events. `rules` are the operator's policy rules; None
    without policy files. `in_progress` counts the requests. `render_metrics` is None if metrics are
    turned off. `test_middleware` makes the middleware that injects faults and logs requests in
    tests; None if neither is wanted. Raises InvalidSettings for an invalid link prefix, and
    ValueError for unusable options of [healthcheck].
    """
    application = _mount_apis(settings, components, rules)
    # From the outermost to the innermost. None: this configuration does not need it.
    middleware: tuple[_Middleware | None, ...] = (
        # Outermost: a scrape has a port of its own, is neither counted nor logged, and sees no API.
        _metrics(settings, render_metrics),
        # Around the request context, so that scripts of web pages can read its 400 and 500, too.
        _cors(settings),
        # Around all middleware below, which uses the request id and the merged headers that are
        # made here. Turns exceptions of that middleware into a 500.
        _request_context(settings, components, observer, in_progress),
        # Before any authentication: load balancers have no token. After the request context,
        # because health checks are counted, and logged when they fail.
        _health(settings, components),
        # After the request context, so that responses with a fault have request ids and log lines.
        # After the health checks, so that those have no faults.
        _for_tests(settings, components, in_progress, test_middleware),
        # Innermost, so that health checks, which name addresses in Host, are exempt.
        _allowed_hosts(settings),
    )
    for wrap in reversed(middleware):
        if wrap is not None:
            application = wrap(application)
    return application


def _mount_apis(settings: Settings, components: Components, rules: PolicyRules | None) -> ASGIApp:
    """Return the application that chooses the API of a request by port, then by path.

    If the embedded Image and Identity APIs exist, each is mounted at its path and at its own port,
    if configured. All other requests go to the Compute API. Raises InvalidSettings for an invalid
    link prefix.
    """
    apis: dict[str, ASGIApp] = {}
    ports: dict[int, ASGIApp] = {}
    if components.image_api is not None:
        # Image API v2 of the embedded image service. A shared cache must not keep its responses,
        # which depend on the token.
        apis[IMAGE_PATH] = ResponseHeadersMiddleware(
            OptionsSuccessMiddleware(components.image_api), PRIVATE
        )
    if components.identity_api is not None:
        # Identity API v3 of the embedded identity. Its routes set their own Cache-Control.
        apis[IDENTITY_PATH] = ResponseHeadersMiddleware(
            OptionsSuccessMiddleware(components.identity_api, kept=_KEPT_OF_IDENTITY)
        )
    # At the root, as nova-api: clients expect version discovery at / and the API at /v2 and /v2.1.
    # It sets the headers of its responses itself, which is faster.
    compute = make_compute_api(settings, components, rules)
    for path, port in (
        (IMAGE_PATH, settings.server.image_port),
        (IDENTITY_PATH, settings.server.identity_port),
    ):
        if port is not None and path in apis:
            ports[port] = apis[path]
    return MountedApis(apis, compute, ports)


def _cors(settings: Settings) -> _Middleware | None:
    """Return the CORS middleware, for scripts of web pages; None if no origin is allowed."""
    if not settings.cors.allowed_origin:
        return None
    policy = CorsPolicy(**asdict(settings.cors))
    return lambda app: CorsMiddleware(app, policy)


def _allowed_hosts(settings: Settings) -> _Middleware | None:
    """Return the middleware against DNS rebinding; None unless auth_strategy is ``noauth``."""
    if settings.api.auth_strategy != "noauth":
        return None
    allowed = AllowedHosts(
        settings.server.host,
        settings.api.noauth_allowed_hosts,
        trust_proxy_headers=settings.middleware.enable_proxy_headers_parsing,
    )
    return lambda app: AllowedHostsMiddleware(app, allowed)


def _for_tests(
    settings: Settings,
    components: Components,
    in_progress: RequestsInProgress,
    make: MakeTestMiddleware | None,
) -> _Middleware | None:
    """Return the middleware that `make` makes for tests; None if `make` is None."""
    if make is None:
        return None
    return lambda app: make(app, settings, components, in_progress)


def _health(settings: Settings, components: Components) -> _Middleware:
    """Return the middleware for the health check and `/readiness`.

    Raises ValueError for unusable options of [healthcheck]. An unknown backend is only logged.
    """
    healthcheck = Healthcheck(**asdict(settings.healthcheck))
    checks: dict[str, ReadinessCheck] = {
        "healthcheck": _process_check(healthcheck, settings.server.port),
        **components.readiness_checks,
    }
    readiness = Readiness(checks)
    parts = {IMAGE_PATH: components.image_api, IDENTITY_PATH: components.identity_api}
    mounts = tuple(prefix for prefix, api in parts.items() if api is not None)
    return lambda app: HealthMiddleware(app, healthcheck, readiness, mounts)


def _request_context(
    settings: Settings, components: Components, observer: Observer, in_progress: RequestsInProgress
) -> _Middleware:
    ports = ServicePorts(
        settings.server.port,
        settings.server.image_port,
        settings.server.identity_port,
        has_identity_api=components.identity_api is not None,
    )
    return lambda app: RequestMiddleware(
        app,
        ports=ports,
        trust_proxy_headers=settings.middleware.enable_proxy_headers_parsing,
        access_log=settings.server.access_log,
        observer=observer,
        in_progress=in_progress,
    )


def _metrics(settings: Settings, render_metrics: RenderMetrics | None) -> _Middleware | None:
    if render_metrics is None:
        return None
    return lambda app: MetricsMiddleware(app, settings.metrics.port, render_metrics)


def _process_check(healthcheck: Healthcheck, port: int) -> ReadinessCheck:
    """Return the readiness check of this process, which serves the APIs at `port`.

    The check returns a reason if too few file descriptors are left. The check also returns a reason
    if a backend of `healthcheck` reports a failure, such as a file that disables `port`. Otherwise
    the check returns None.
    """

    async def check() -> str | None:
        if not DESCRIPTORS.can_accept_now():
            return "too few file descriptors are left"
        return next((one.reason for one in healthcheck.check(port) if not one.is_available), None)

    return check
