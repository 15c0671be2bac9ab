"""HealthMiddleware: puts the health check and the readiness check in front of the APIs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.healthcheck import Healthcheck
from glimpse.http.readiness import Readiness
from glimpse.telemetry.request_context import current_context

READINESS_PATH = "/readiness"


class HealthMiddleware:
    """Responds to health checks and readiness checks; passes all other requests on to `app`.

    `Healthcheck.matches` finds the health checks; readiness checks have the path READINESS_PATH.
    """

    def __init__(self, app: ASGIApp, healthcheck: Healthcheck, readiness: Readiness) -> None:
        self._app = app
        self._healthcheck = healthcheck
        self._readiness = readiness
        self._prefixes = (healthcheck.path, READINESS_PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not scope["path"].startswith(self._prefixes):  # nearly always
            await self._app(scope, receive, send)
        elif self._healthcheck.matches(scope):
            current_context.get().operation = "healthcheck"
            await self._healthcheck(scope, send)
        elif scope["path"] == READINESS_PATH:
            current_context.get().operation = "readiness"
            await self._readiness(scope, send)
        else:
            await self._app(scope, receive, send)
