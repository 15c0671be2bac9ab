"""HealthMiddleware: puts the health check and the readiness check in front of the APIs."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.healthcheck import Healthcheck
from glimpse.http.readiness import Readiness
from glimpse.telemetry.request_context import current_context

READINESS_PATH = "/readiness"


class HealthMiddleware:
    """Responds to health checks and readiness checks; passes all other requests on to `app`.

    A request is a health check if `Healthcheck.matches` says so, and a readiness check if its path
    is ``/readiness``. Each path prefix in `mounts` (``/image``) has a health check, too
    (``/image/healthcheck``), because each service that Glimpse replaces has its own. For the access
    log and the metrics, the operation of the current request becomes "healthcheck" or "readiness".
    """

    def __init__(
        self,
        app: ASGIApp,
        healthcheck: Healthcheck,
        readiness: Readiness,
        mounts: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._healthcheck = healthcheck
        self._readiness = readiness
        self._mounts = mounts
        below = (mount + healthcheck.path for mount in mounts)
        self._prefixes = (healthcheck.path, READINESS_PATH, *below)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a health check or a readiness check; pass any other request on."""
        if not scope["path"].startswith(self._prefixes):  # nearly always
            await self._app(scope, receive, send)
        elif self._healthcheck.matches(self._without_mount(scope)):
            current_context.get().operation = "healthcheck"
            await self._healthcheck(scope, send)
        elif scope["path"] == READINESS_PATH:
            current_context.get().operation = "readiness"
            await self._readiness(scope, send)
        else:
            await self._app(scope, receive, send)

    def _without_mount(self, scope: Scope) -> Scope:
        """Return a scope whose path has no mount: ``/image/healthcheck`` -> ``/healthcheck``.

        Returns a changed copy if the path begins with a mount and the path of the health check,
        otherwise `scope` itself.
        """
        path = scope["path"]
        for mount in self._mounts:
            if path.startswith(mount + self._healthcheck.path):
                return {**scope, "path": path.removeprefix(mount)}
        return scope
