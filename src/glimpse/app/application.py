"""Application: an open configuration, ready to serve."""

import asyncio

from starlette.types import ASGIApp

from glimpse.app.parts import Parts
from glimpse.app.pipeline import build_pipeline
from glimpse.http.requests_in_flight import RequestsInFlight
from glimpse.http.scrapes import RenderMetrics
from glimpse.images import PolicyRules
from glimpse.settings import Settings
from glimpse.telemetry.observer import NULL_OBSERVER, Observer


class Application:
    """The open parts of one configuration, and `serve`, the ASGI application over them."""

    def __init__(self, serve: ASGIApp, parts: Parts, in_flight: RequestsInFlight) -> None:
        self.serve = serve
        self.parts = parts
        self._in_flight = in_flight

    async def wait_until_idle(self) -> None:
        """Return when no request is being served. The caller sees to it that no more arrive."""
        await self._in_flight.wait_until_idle()

    def copy_cache(self, other: "Application") -> None:
        """Take over what `other` has cached of tokens, if its identity has the same settings."""
        self.parts.identity.copy_cache(other.parts.identity)

    async def close(self) -> None:
        """Close the parts."""
        await self.parts.close()


async def open_application(
    settings: Settings,
    observer: Observer = NULL_OBSERVER,
    render_metrics: RenderMetrics | None = None,
) -> Application:
    """Open the parts that the settings name, and build the pipeline in front of them.

    Opened in the process that serves. Raises InvalidSettings, and what the parts raise when they
    cannot be opened; nothing is open then.
    """
    rules = await asyncio.to_thread(_load_policy_rules, settings)
    parts = await _open_parts(settings, rules)
    in_flight = RequestsInFlight()
    try:
        serve = build_pipeline(settings, parts, rules, observer, in_flight, render_metrics)
    except Exception:
        await parts.close()
        raise
    return Application(serve, parts, in_flight)


async def _open_parts(settings: Settings, rules: PolicyRules | None) -> Parts:
    """Import the mode that the settings name, and only that: the other's modules load slowly."""
    if settings.image_service == "glance":
        from glimpse.app.gateway import open_gateway_parts  # noqa: PLC0415  only this mode

        return open_gateway_parts(settings, rules)
    from glimpse.app.embedded import open_embedded_parts  # noqa: PLC0415  only this mode

    return await open_embedded_parts(settings, rules)


def _load_policy_rules(settings: Settings) -> PolicyRules | None:
    """The operator's policy rules; None without policy files. Raises InvalidPolicyFile."""
    if settings.policy.policy_file is None and not settings.policy.policy_dirs:
        return None
    from glimpse.app.policy_files import PolicyFiles  # noqa: PLC0415  oslo.policy loads slowly

    return PolicyFiles(settings.policy.policy_file, settings.policy.policy_dirs)
