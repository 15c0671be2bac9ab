"""ReloadableApplication: serves requests with an Application, which a reload replaces."""

import asyncio
import logging
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from glimpse.app.application import Application, open_application
from glimpse.app.pipeline import MakeTestMiddleware
from glimpse.http.metrics_middleware import RenderMetrics
from glimpse.server.fixed_settings import keep_fixed_settings
from glimpse.settings import LoadSettings, Settings
from glimpse.telemetry.observer import NULL_OBSERVER, Observer

_LOG = logging.getLogger(__name__)


class ReloadableApplication:
    """An ASGI application whose configuration can change from one request to the next.

    Create only one in a process, because it creates the metrics of the process. The application is
    opened at the lifespan startup event. Under a server without lifespan events, the first request
    opens it.
    """

    def __init__(
        self, settings: Settings, test_middleware: MakeTestMiddleware | None = None
    ) -> None:
        """Open nothing yet. `test_middleware` makes middleware for tests; None for none."""
        self.settings = settings
        self._test_middleware = test_middleware
        self._observer: Observer = NULL_OBSERVER
        self._render_metrics: RenderMetrics | None = None
        if settings.metrics.port:
            from glimpse.telemetry.metrics import Metrics  # noqa: PLC0415  loads only when wanted

            metrics = Metrics()
            self._observer, self._render_metrics = metrics, metrics.render
        self._application: Application | None = None
        self._opening = asyncio.Lock()
        self._replaced: dict[asyncio.Task[None], Application] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, or the lifespan events; ignore all other protocols.

        The lifespan startup event opens the application, and the shutdown event closes it. A
        request opens the application if it is not open. If opening fails, raises the errors of
        `open`; at the startup event, sends ``lifespan.startup.failed`` first.
        """
        if scope["type"] == "http":
            application = self._application or await self.open()
            await application.serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)

    async def open(self) -> Application:
        """Return the application; open it first if it is not open.

        Concurrent calls open only one application. If opening fails, raises InvalidSettings,
        OSError or another error of `open_application`; the next call tries again.
        """
        async with self._opening:
            if self._application is None:
                self._application = await self._open(self.settings)
            return self._application

    async def close(self) -> None:
        """Close the application, if it is open, and all replaced applications that are still open.

        Call this when all requests have ended, because this method does not wait for them. The
        callbacks `on_closed` of these replaced applications are not called.
        """
        if self._application is not None:
            await self._application.close()
        for waiting, application in list(self._replaced.items()):
            waiting.cancel()
            await application.close()

    async def reload(self, load: LoadSettings) -> bool:
        """Serve new requests with the settings that `load` returns; return True.

        `load` runs in a thread. Options that need a restart, such as the port, keep their present
        values. The replaced application is closed when its last request, import and snapshot have
        ended. If `load` raises an error, or the new application cannot be opened, keeps the present
        settings and returns False. Logs either outcome.

        If no application is open yet, first opens one with the present settings; returns False if
        it cannot be opened. The caller makes sure that no two calls of `reload` and `replace`
        overlap.
        """
        try:
            await self.open()
            settings = keep_fixed_settings(await asyncio.to_thread(load), self.settings)
            await self.replace(settings)
        except Exception as error:  # noqa: BLE001  no error of a reload stops the service
            _LOG.error("The present configuration is kept: %s", str(error) or type(error).__name__)
            return False
        _LOG.info("The configuration was read again.")
        return True

    async def replace(
        self, settings: Settings, on_closed: Callable[[], None] = lambda: None
    ) -> None:
        """Serve new requests with a new application, opened with `settings`.

        The replaced application is closed when its last request, import and snapshot have ended.
        Then `on_closed` is called. If the new application uses the same Keystone with the same
        options, it also uses the tokens that the replaced application has cached.

        If no application is open yet, first opens one with the present settings. If an application
        cannot be opened, raises the error of `open_application`, such as InvalidSettings or
        OSError, and replaces nothing. The caller makes sure that no two calls of `reload` and
        `replace` overlap.
        """
        present = await self.open()
        application = await self._open(settings)
        application.share_token_cache(present)
        self._application, self.settings = application, settings
        waiting = asyncio.create_task(_close_when_idle(present, on_closed))
        self._replaced[waiting] = present
        waiting.add_done_callback(self._replaced.pop)

    async def _open(self, settings: Settings) -> Application:
        return await open_application(
            settings, self._observer, self._render_metrics, self._test_middleware
        )

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.open()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _close_when_idle(application: Application, on_closed: Callable[[], None]) -> None:
    await application.wait_until_idle()
    await application.close()
    on_closed()
