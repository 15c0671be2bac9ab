"""Application: the open components of a configuration, and the ASGI application over them."""

import asyncio

from starlette.types import ASGIApp

from glimpse.app.components import Components
from glimpse.app.pipeline import MakeTestMiddleware, build_pipeline
from glimpse.http.metrics_middleware import RenderMetrics
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.images import PolicyRules
from glimpse.settings import Settings
from glimpse.telemetry.observer import NULL_OBSERVER, Observer


class Application:
    """The open components of one configuration, and `serve`, the ASGI application over them.

    The caller closes the Application when no request is being served any more.
    """

    def __init__(
        self, serve: ASGIApp, components: Components, in_progress: RequestsInProgress
    ) -> None:
        self.serve = serve
        self.components = components
        self._in_progress = in_progress

    async def wait_until_idle(self) -> None:
        """Wait until no request is served, no import runs or waits, and no snapshot is made.

        Also waits for tasks that go on after the response to a request. There is no timeout. Call
        this method only once, and pass no further request to `serve` after the call.
        """
        await self._in_progress.wait_until_idle()
        await self.components.wait_for_background_work()

    def share_token_cache(self, other: "Application") -> None:
        """Use the token cache of `other`, which keeps using it, too.

        Does nothing unless both applications validate tokens at the same Keystone with the same
        options.
        """
        self.components.identity.copy_cache(other.components.identity)

    async def close(self) -> None:
        """Cancel tasks that go on after the response to a request, then close all components."""
        await self._in_progress.cancel_tasks()
        await self.components.close()


async def open_application(
    settings: Settings,
    observer: Observer = NULL_OBSERVER,
    render_metrics: RenderMetrics | None = None,
    test_middleware: MakeTestMiddleware | None = None,
) -> Application:
    """Open the components that the settings name, and build the pipeline in front of them.

    Call this in the process that serves. The caller closes the Application. Embedded mode creates
    or migrates its files in the state directory, and continues or undoes what an ended process left
    incomplete. Gateway mode calls no other service yet, except Glance's database and its replicas.
    `observer` counts requests and calls. `render_metrics` is None if metrics are turned off.
    `test_middleware` makes the middleware that injects faults and logs requests in tests; None if
    neither is wanted.

    Raises InvalidSettings for settings or policy files that cannot be used, and ValueError for
    unusable options of [healthcheck]. Raises OSError, UnusableCatalog, InvalidStateFile,
    IdentityUnavailable or an error of `images.errors` if a file in the state directory cannot be
    used. After an error, nothing stays open.
    """
    rules = await asyncio.to_thread(_load_policy_rules, settings)
    components = await _open_components(settings, rules)
    in_progress = RequestsInProgress()
    try:
        serve = build_pipeline(
            settings, components, rules, observer, in_progress, render_metrics, test_middleware
        )
    except Exception:
        await components.close()
        raise
    return Application(serve, components, in_progress)


async def _open_components(settings: Settings, rules: PolicyRules | None) -> Components:
    """Open the components of the mode that the settings name: gateway mode or embedded mode.

    Imports only the modules of that mode, to save time and memory. `rules` are the operator's
    policy rules; None without policy files. Raises InvalidSettings for settings that cannot be
    used. Raises OSError, UnusableCatalog, InvalidStateFile, IdentityUnavailable or an error of
    `images.errors` if a file in the state directory cannot be used. After an error, nothing stays
    open.
    """
    if settings.image_service == "glance":
        from glimpse.app.gateway import open_gateway_components  # noqa: PLC0415  only this mode

        return await open_gateway_components(settings, rules)
    from glimpse.app.embedded import open_embedded_components  # noqa: PLC0415  only this mode

    return await open_embedded_components(settings, rules)


def _load_policy_rules(settings: Settings) -> PolicyRules | None:
    """Load the operator's policy rules. Raises InvalidPolicyFile if a file cannot be used.

    Returns None if the settings name neither a policy file nor a policy directory.
    """
    if settings.policy.policy_file is None and not settings.policy.policy_dirs:
        return None
    from glimpse.app.policy_loading import load_policy_files  # noqa: PLC0415  loads slowly

    return load_policy_files(settings)
